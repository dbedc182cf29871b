/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tune.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/names.h>
#include <tools/shared/probe.h>
#include <tools/shared/spell.h>

/* Options without a letter. */
enum {
    OPTION_CPU = 256,
    OPTION_LOAD,
    OPTION_WIDTHS,
    OPTION_CAPACITIES,
    OPTION_WAIT,
    OPTION_SERIAL,
    OPTION_WIDTH,
    OPTION_RATE,
    OPTION_REJECTED,
    OPTION_QUICK
};
enum { MOST_CAPACITY = 1000000, MOST_RATE = 1000000, MOST_TIME = 1000000000 /* ns */ };

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
     "queue: jobs in progress (default: as `width` recommends; at most 16)", 2},
    {"repeat", 'r', "N", 0, "Measurements of each (default: as the time allows)", 3},
    {"quick", OPTION_QUICK, 0, 0, "Less exact, within four seconds", 3},
    {0},
};

static const char about[] =
    "Finds out how wide a pool should be and how long its queue, for a load of your choice, on "
    "this machine. PART is width (how many jobs in progress) or queue (how many may wait); "
    "default: "
    "both.\v ";

static const char examples[] =
    "Examples:\n"
    "  filch tune                              both parts, within 12 seconds\n"
    "  filch tune --quick width --load io\n"
    "  filch tune width --cpu 1ms --wait 9ms   jobs like yours\n"
    "  filch tune queue --width 4 --rate 5000 --capacities 10,100,1000\n"
    "\n"
    "Exit status: 0 when all went well; 1 when something could not be measured; 2\n"
    "for a wrong command line, and when the result could not be written.\n";

const char *const tune_part_names[TUNE_PARTS + 1] = {"width", "queue", NULL};

/* ---- Values ---- */

/* An option with a value: where it goes, and the largest that is allowed. */
typedef struct value {
    int key;
    const char *name;
    void (*take)(const struct value *v, void *to, const char *text, struct argp_state *state);
    size_t at; /* in tune_options */
    double most;
} value;

static void take_count(const value *v, void *to, const char *text, struct argp_state *state)
{
    unsigned long number = 0;
    if (!spell_count(text, 1, (unsigned long)v->most, &number))
        argp_error(state, "%s '%s' is not a number in range (1..%.0f)", v->name, text, v->most);
    *(unsigned *)to = (unsigned)number;
}

static void take_share(const value *v, void *to, const char *text, struct argp_state *state)
{
    if (!spell_number(text, 0, v->most, to))
        argp_error(state, "%s '%s' is not a share in range (0..%g)", v->name, text, v->most);
}

static void take_time(const value *v, void *to, const char *text, struct argp_state *state)
{
    if (!spell_duration(text, (int64_t)v->most, to))
        argp_error(state, "%s '%s' is not a time in range (0..1s); write 200us, 1.5ms or 1s",
                   v->name, text);
}

static void insert(tune_list *list, unsigned number, const char *name, struct argp_state *state)
{
    size_t at = list->count;
    while (at > 0 && list->at[at - 1] > number)
        at--;
    if (at > 0 && list->at[at - 1] == number)
        return;
    if (list->count == TUNE_LIST)
        argp_error(state, "%s: at most %d numbers", name, (int)TUNE_LIST);
    memmove(list->at + at + 1, list->at + at, (list->count++ - at) * sizeof *list->at);
    list->at[at] = number;
}

static void take_list(const value *v, void *to, const char *text, struct argp_state *state)
{
    char copy[1024], *rest = NULL;
    if (strlen(text) >= sizeof copy)
        argp_error(state, "%s: the list is too long", v->name);
    strcpy(copy, text);
    char *number = strtok_r(copy, ",", &rest);
    if (!number)
        argp_error(state, "%s: the list is empty; separate numbers by commas", v->name);
    for (; number; number = strtok_r(NULL, ",", &rest)) {
        unsigned one = 0;
        take_count(v, &one, number, state);
        insert(to, one, v->name, state);
    }
}

static const value values[] = {
    {OPTION_CPU, "--cpu", take_time, offsetof(tune_options, load.cpu), MOST_TIME},
    {OPTION_WAIT, "--wait", take_time, offsetof(tune_options, load.wait), MOST_TIME},
    {OPTION_SERIAL, "--serial", take_share, offsetof(tune_options, load.serial), 0.9},
    {OPTION_WIDTHS, "--widths", take_list, offsetof(tune_options, widths), TUNE_MOST_WIDTH},
    {OPTION_CAPACITIES, "--capacities", take_list, offsetof(tune_options, capacities),
     MOST_CAPACITY},
    {OPTION_WIDTH, "--width", take_count, offsetof(tune_options, width), TUNE_MOST_WIDTH},
    {OPTION_RATE, "--rate", take_count, offsetof(tune_options, rate), MOST_RATE},
    {OPTION_REJECTED, "--rejected", take_share, offsetof(tune_options, rejected), 1},
    {'r', "--repeat", take_count, offsetof(tune_options, repeat), TUNE_REPEATS},
};

/* ---- Defaults ---- */

/* Times and shares that were not given are those of the named load. */
static void fill_load(tune_options *o, struct argp_state *state)
{
    const char *names[LOADS + 1] = {NULL};
    for (size_t i = 0; i < LOADS; i++)
        names[i] = tune_loads[i].name;
    const tune_load given = o->load;
    o->load = tune_loads[given.name ? names_choose(given.name, "load", names, state) : 0];
    if (given.cpu >= 0 || given.wait >= 0 || given.serial >= 0)
        o->load.name = "own";
    o->load.cpu = given.cpu >= 0 ? given.cpu : o->load.cpu;
    o->load.wait = given.wait >= 0 ? given.wait : o->load.wait;
    o->load.serial = given.serial >= 0 ? given.serial : o->load.serial;
    if (o->load.cpu + o->load.wait < 1000)
        argp_error(state, "a job of less than 1us is too short; raise --cpu or --wait");
}

/* 1, 2, 4, ... and where the cores are just busy. */
static void fill_widths(tune_options *o, struct argp_state *state)
{
    double fills = width_that_fills(o->cores, load_busy(&o->load), TUNE_DEFAULT_WIDTH);
    unsigned most = (unsigned)fmin(fmax(2 * fills, 4), TUNE_DEFAULT_WIDTH);
    for (unsigned w = 1; w <= most; w *= o->quick && w > 1 && most > 16 ? 4 : 2)
        insert(&o->widths, w, "--widths", state);
    insert(&o->widths, (unsigned)fills, "--widths", state);
}

static void fill_defaults(tune_options *o, struct argp_state *state)
{
    char runtime[4096];
    fill_load(o, state);
    if (probe_runtime(NULL, &o->cores, runtime, sizeof runtime))
        argp_failure(state, 1, 0, "no runtime on this machine: %s", runtime);
    if (!o->parts[TUNE_WIDTH] && !o->parts[TUNE_QUEUE])
        o->parts[TUNE_WIDTH] = o->parts[TUNE_QUEUE] = true;
    if (!o->widths.count)
        fill_widths(o, state);
    insert(&o->widths, 1, "--widths", state); /* speed-ups are over this one */
    if (!o->capacities.count)
        for (unsigned c = 1; c <= 64; c *= o->quick ? 4 : 2)
            insert(&o->capacities, c, "--capacities", state);
}

/* ---- The parser ---- */

static error_t parse(int key, char *argument, struct argp_state *state)
{
    tune_options *o = state->input;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (values[i].key == key) {
            values[i].take(&values[i], (char *)o + values[i].at, argument, state);
            return 0;
        }
    switch (key) {
    case OPTION_LOAD:
        o->load.name = argument;
        return 0;
    case OPTION_QUICK:
        o->quick = true;
        return 0;
    case ARGP_KEY_ARG:
        o->parts[names_choose(argument, "part", tune_part_names, state)] = true;
        return 0;
    case ARGP_KEY_END:
        fill_defaults(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
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
    for (size_t i = 0; i < LOADS; i++)
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
    *out = (tune_options){.rejected = 0.01, .load = {.cpu = -1, .wait = -1, .serial = -1}};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, out);
}
