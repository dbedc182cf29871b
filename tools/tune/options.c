/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "limits.h"
#include "tune.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/probe.h>
#include <tools/shared/spell.h>

/* Options without a letter. */
enum {
    OPTION_CPU = 256,
    OPTION_LOAD,
    OPTION_WIDTHS,
    OPTION_CAPACITIES,
    OPTION_JOBS,
    OPTION_WAIT,
    OPTION_SERIAL,
    OPTION_WIDTH,
    OPTION_RATE,
    OPTION_REJECTED,
    OPTION_THREADS,
    OPTION_QUICK,
    OPTION_JSON
};
enum { MOST_CAPACITY = 1000000, MOST_RATE = 1000000 };

static const int64_t most_time = 1000000000; /* ns of computing, or of waiting, in a job */

static const struct argp_option known[] = {
    {"load", OPTION_LOAD, "LOAD", 0, "Work of a job: cpu (default), io or mixed; see below", 1},
    {"cpu", OPTION_CPU, "TIME", 0, "Computing time of a job: 200us, 1.5ms, ...; at most 1s", 1},
    {"wait", OPTION_WAIT, "TIME", 0, "Waiting time of a job", 1},
    {"serial", OPTION_SERIAL, "SHARE", 0,
     "width: share of the jobs that run one by one, alone: 0..0.9", 1},
    {"widths", OPTION_WIDTHS, "LIST", 0,
     "width: jobs in progress (default: 1, 2, 4, ... until all cores are busy twice)", 2},
    {"capacities", OPTION_CAPACITIES, "LIST", 0,
     "queue: jobs that may wait (default: 1, 2, 4, ... 64)", 2},
    {"rate", OPTION_RATE, "N", 0,
     "queue: arrivals a second (default: four fifths of what the pool can do)", 2},
    {"rejected", OPTION_REJECTED, "SHARE", 0,
     "queue: share that may be rejected: 0..1 (default: 0.01)", 2},
    {"width", OPTION_WIDTH, "N", 0,
     "queue, pool: jobs in progress (default: as `width` recommends; queue: at most 16)", 2},
    {"jobs", OPTION_JOBS, "N", 0, "pool: jobs submitted at once", 2},
    {"threads", OPTION_THREADS, "N", 0,
     "pool: most threads at a time, where each job has one (default: 4096, or fewer where more are "
     "unsafe)",
     2},
    {"repeat", 'r', "N", 0, "Measurements of each (default: as the time allows)", 3},
    {"quick", OPTION_QUICK, 0, 0, "Less exact, within five seconds", 3},
    {"json", OPTION_JSON, "FILE", 0, "Write all samples there as well", 3},
    {0},
};

static const char about[] =
    "Finds out how wide a pool should be and how long its queue, for a load of your choice, on "
    "this machine; and how it compares with threads and tasks. PART is any of width (how many jobs "
    "in progress), "
    "queue (how many may wait) and pool (a pool against a thread or a task for each job); default: "
    "all three.\v ";

static const char examples[] =
    "Examples:\n"
    "  filch tune                              all parts, within 20 seconds\n"
    "  filch tune --quick width --load io\n"
    "  filch tune width --cpu 1ms --wait 9ms   jobs like yours\n"
    "  filch tune queue --width 4 --rate 5000 --capacities 10,100,1000\n"
    "  filch tune --json result.json           all samples\n"
    "\n"
    "Exit status: 0 when all went well; 1 when something could not be measured; 2\n"
    "for a wrong command line, and when the result could not be written.\n";

const char *const tune_part_names[TUNE_PARTS + 1] = {"width", "queue", "pool", NULL};

static unsigned long count_of(const char *text, const char *what, unsigned long most,
                              const struct argp_state *state)
{
    unsigned long number = 0;
    if (!spell_count(text, 1, most, &number))
        argp_error(state, "%s '%s' is not a number in range (1..%lu)", what, text, most);
    return number;
}

static double share_of(const char *text, const char *what, double most,
                       const struct argp_state *state)
{
    double share = 0;
    if (!spell_number(text, 0, most, &share))
        argp_error(state, "%s '%s' is not a share in range (0..%g)", what, text, most);
    return share;
}

static int64_t time_of(const char *text, const char *what, const struct argp_state *state)
{
    int64_t ns = 0;
    if (!spell_duration(text, most_time, &ns))
        argp_error(state, "%s '%s' is not a time in range (0..1s); write 200us, 1.5ms or 1s", what,
                   text);
    return ns;
}

/* Ascending, each number once. */
static void insert(unsigned *list, size_t *count, unsigned number, const char *what,
                   const struct argp_state *state)
{
    size_t at = *count;
    while (at > 0 && list[at - 1] > number)
        at--;
    if (at > 0 && list[at - 1] == number)
        return;
    if (*count == TUNE_LIST)
        argp_error(state, "%s: at most %d numbers", what, (int)TUNE_LIST);
    memmove(list + at + 1, list + at, ((*count)++ - at) * sizeof *list);
    list[at] = number;
}

static void insert_all(unsigned *list, size_t *count, const char *text, const char *what,
                       unsigned long most, const struct argp_state *state)
{
    char copy[1024], *rest = NULL;
    if (strlen(text) >= sizeof copy)
        argp_error(state, "%s: the list is too long", what);
    strcpy(copy, text);
    char *number = strtok_r(copy, ",", &rest);
    if (!number)
        argp_error(state, "%s: the list is empty; separate numbers by commas", what);
    for (; number; number = strtok_r(NULL, ",", &rest))
        insert(list, count, (unsigned)count_of(number, what, most, state), what, state);
}

/* The command line, besides the options: times that were not given are those of --load. */
typedef struct typed {
    tune_options *options;
    const tune_load *load;
    int64_t cpu, wait; /* < 0: not given */
    double serial;
} typed;

static void choose_load(typed *t, const char *name, const struct argp_state *state)
{
    for (size_t i = 0; i < tune_load_count; i++)
        if (strcmp(tune_loads[i].name, name) == 0) {
            t->load = &tune_loads[i];
            return;
        }
    argp_error(state, "unknown load '%s' (valid: cpu, io, mixed)", name);
}

static void choose_part(tune_options *o, const char *name, const struct argp_state *state)
{
    for (int i = 0; i < TUNE_PARTS; i++)
        if (strcmp(tune_part_names[i], name) == 0) {
            o->parts[i] = true;
            return;
        }
    argp_error(state, "unknown part '%s' (valid: width, queue, pool)", name);
}

static void fill_load(const typed *t, const struct argp_state *state)
{
    tune_options *o = t->options;
    o->load = *t->load;
    if (t->cpu >= 0 || t->wait >= 0 || t->serial >= 0)
        o->load.name = "own";
    if (t->cpu >= 0)
        o->load.cpu = t->cpu;
    if (t->wait >= 0)
        o->load.wait = t->wait;
    if (t->serial >= 0)
        o->load.serial = t->serial;
    if (o->load.cpu + o->load.wait < 1000)
        argp_error(state, "a job of less than 1us is too short; raise --cpu or --wait");
}

/* 1, 2, 4, ... and where the cores are just busy. */
static void fill_widths(tune_options *o, const struct argp_state *state)
{
    double fills = width_that_fills(o->cores, load_busy(&o->load), TUNE_DEFAULT_WIDTH);
    unsigned most = (unsigned)fmax(2 * fills, 4);
    most = most > TUNE_DEFAULT_WIDTH ? TUNE_DEFAULT_WIDTH : most;
    for (unsigned w = 1; w <= most; w *= o->quick && w > 1 && most > 16 ? 4 : 2)
        insert(o->widths, &o->width_count, w, "--widths", state);
    insert(o->widths, &o->width_count, (unsigned)fills, "--widths", state);
}

static void fill_defaults(typed *t, const struct argp_state *state)
{
    tune_options *o = t->options;
    bool some = false;
    fill_load(t, state);
    if (probe_runtime(NULL, &o->cores, o->runtime, sizeof o->runtime))
        argp_failure(state, 1, 0, "no runtime on this machine: %s", o->runtime);
    for (int i = 0; i < TUNE_PARTS; i++)
        some |= o->parts[i];
    for (int i = 0; i < TUNE_PARTS && !some; i++)
        o->parts[i] = true;
    if (!o->width_count)
        fill_widths(o, state);
    insert(o->widths, &o->width_count, 1, "--widths", state); /* speed-ups are over this one */
    if (!o->capacity_count)
        for (unsigned c = 1; c <= 64; c *= o->quick ? 4 : 2)
            insert(o->capacities, &o->capacity_count, c, "--capacities", state);
    if (!o->threads)
        o->threads = safe_threads();
    if (!o->jobs)
        o->jobs = safe_jobs(&o->load, o->cores, o->quick);
}

static error_t parse_load(int key, char *argument, struct argp_state *state)
{
    typed *t = state->input;
    switch (key) {
    case OPTION_LOAD:
        choose_load(t, argument, state);
        return 0;
    case OPTION_CPU:
        t->cpu = time_of(argument, "--cpu", state);
        return 0;
    case OPTION_WAIT:
        t->wait = time_of(argument, "--wait", state);
        return 0;
    case OPTION_SERIAL:
        t->serial = share_of(argument, "--serial", 0.9, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_sizes(int key, char *argument, struct argp_state *state)
{
    tune_options *o = ((typed *)state->input)->options;
    switch (key) {
    case OPTION_WIDTHS:
        insert_all(o->widths, &o->width_count, argument, "--widths", TUNE_MOST_WIDTH, state);
        return 0;
    case OPTION_CAPACITIES:
        insert_all(o->capacities, &o->capacity_count, argument, "--capacities", MOST_CAPACITY,
                   state);
        return 0;
    case OPTION_WIDTH:
        o->width = (unsigned)count_of(argument, "--width", TUNE_MOST_WIDTH, state);
        return 0;
    case OPTION_RATE:
        o->rate = (double)count_of(argument, "--rate", MOST_RATE, state);
        return 0;
    case OPTION_REJECTED:
        o->rejected = share_of(argument, "--rejected", 1, state);
        return 0;
    case OPTION_JOBS:
        o->jobs = (unsigned)count_of(argument, "--jobs", TUNE_MOST_JOBS, state);
        return 0;
    case OPTION_THREADS:
        o->threads = (unsigned)count_of(argument, "--threads", MOST_SAFE_THREADS, state);
        return 0;
    default:
        return parse_load(key, argument, state);
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    typed *t = state->input;
    tune_options *o = t->options;
    switch (key) {
    case 'r':
        o->repeat = (int)count_of(argument, "--repeat", TUNE_REPEATS, state);
        return 0;
    case OPTION_QUICK:
        o->quick = true;
        return 0;
    case OPTION_JSON:
        if (!tune_has_json)
            argp_error(state, "built without jansson: no --json");
        o->json = argument;
        return 0;
    case ARGP_KEY_ARG:
        choose_part(o, argument, state);
        return 0;
    case ARGP_KEY_END:
        fill_defaults(t, state);
        return 0;
    default:
        return parse_sizes(key, argument, state);
    }
}

/* The help ends with the table of loads, so that it cannot be out of date. */
static char *help_with_loads(int key, const char *text, void *input)
{
    (void)input;
    char *whole = NULL;
    size_t size;
    FILE *out = key == ARGP_KEY_HELP_POST_DOC ? open_memstream(&whole, &size) : NULL;
    if (!out)
        return (char *)text;
    fputs("Loads:\n", out);
    for (size_t i = 0; i < tune_load_count; i++)
        fprintf(out, "  %-8s %s\n", tune_loads[i].name, tune_loads[i].what);
    fprintf(out, "\n%s", examples);
    fclose(out);
    return whole;
}

void tune_parse_options(tune_options *out, int argc, char **argv)
{
    static const struct argp parser = {.options = known,
                                       .parser = parse,
                                       .args_doc = "[PART...]",
                                       .doc = about,
                                       .help_filter = help_with_loads};
    *out = (tune_options){.argc = argc, .argv = argv, .rejected = 0.01};
    typed t = {.options = out, .load = &tune_loads[0], .cpu = -1, .wait = -1, .serial = -1};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &t);
}
