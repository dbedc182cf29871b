/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bench.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/probe.h>

static const struct argp_option known[] = {
    {"kernels", 'k', "LIST", 0, "What to run (default: all; the list is below)", 0},
    {"workers", 'w', "LIST", 0,
     "Numbers of workers (default: 1 and one per core this process may use)", 0},
    {"columns", 'c', "LIST", 0,
     "Who runs them: disciplines of the library; handpool, the hand-written pool; or peers that "
     "have the same algorithms (default: chase-lev,central-mutex and the peers that this command "
     "was built with; the list is below). Serial code is always measured",
     0},
    {"queue", 'q', 0, OPTION_ALIAS, NULL, 0},
    {"policy", 'p', "LIST", 0, "Whom to rob: policies of the library (default: its default)", 0},
    {"repeat", 'r', "N", 0, "Measurements of each (default: 3 to 11, as the time allows)", 0},
    {"size", 's', "SIZE", 0,
     "tiny, quick or full (default: full, and beside it quick where a central queue would take too "
     "long; of parallel algorithms, quick)",
     0},
    {"format", 'f', "FORMAT", 0, "table, json or csv (default: table)", 0},
    {"stats", 't', 0, 0,
     "Below each kernel, what the runtimes counted in a run, and how long workers worked, searched "
     "and slept (a table only)",
     0},
    {"dir", 'd', "DIR", 0, "What tree-digest reads (default: /usr/include)", 0},
    {0},
};

static const char about[] =
    "Runs fork/join kernels on work stealing and on a central queue, and parallel algorithms "
    "beside other libraries'; checks every answer, and says who wins by what factor.\v ";

static const char examples[] =
    "Examples:\n"
    "  filch bench                                     everything, within a minute\n"
    "  filch bench --kernels fib,nqueens --workers 1,2,4\n"
    "  filch bench --columns chase-lev,central-mutex,handpool --size quick\n"
    "  filch bench --kernels sort,radix --columns chase-lev,tbb --size full\n"
    "  filch bench --kernels uts-t1 --stats            why does it not scale?\n"
    "  filch bench --kernels tree-digest --dir /usr/share/doc\n"
    "  filch bench --format json > result.json         all samples\n"
    "\n"
    "Exit status: 1 when an answer was wrong or a file could not be read,\n2 for a wrong command "
    "line, else 0.\n";

const char *const bench_size_names[KERNEL_SIZES + 1] = {"tiny", "quick", "full", NULL};
static const char *const format_names[] = {"table", "json", "csv", NULL};

static void join_names(char *text, size_t size, const char *const *names)
{
    *text = '\0';
    for (; *names; names++) {
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%s", length ? ", " : "", *names);
    }
}

/* The place of name among names (closed by NULL), or ends the process with the list of them. */
static int choose(const char *name, const char *what, const char *const *names,
                  const struct argp_state *state)
{
    char list[512];
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    join_names(list, sizeof list, names);
    argp_error(state, "unknown %s '%s'; known: %s", what, name, list);
    return 0;
}

/* What was typed, name by name; put together when all of it is known. */
typedef struct typed {
    options *options;
    const char *queues[BENCH_NAMES], *policies[BENCH_NAMES];
    size_t queue_count, policy_count;
} typed;

typedef void add_fn(typed *t, const char *name, const struct argp_state *state);

/* Calls add with each name of a list "a,b,c". The names live as long as the options. */
static void each_name(const char *list, add_fn *add, const struct argp_state *state)
{
    typed *t = state->input;
    options *o = t->options;
    char *rest = NULL, *copy = o->names + o->names_used;
    size_t size = strlen(list) + 1;
    if (size > sizeof o->names - o->names_used)
        argp_error(state, "the lists are too long");
    memcpy(copy, list, size);
    o->names_used += size;
    char *name = strtok_r(copy, ",", &rest);
    if (!name)
        argp_error(state, "a list is empty; separate names by commas");
    for (; name; name = strtok_r(NULL, ",", &rest))
        add(t, name, state);
}

static void expect_room(size_t count, const char *what, const struct argp_state *state)
{
    if (count == BENCH_NAMES)
        argp_error(state, "too many %s: at most %d", what, (int)BENCH_NAMES);
}

static void kernel_names(const char **names)
{
    size_t count = kernel_count < BENCH_NAMES ? kernel_count : BENCH_NAMES;
    for (size_t i = 0; i < count; i++)
        names[i] = kernels[i].column[KERNEL_SERIAL]->name;
    names[count] = NULL;
}

static void add_kernel(typed *t, const char *name, const struct argp_state *state)
{
    options *o = t->options;
    const char *names[BENCH_NAMES + 1];
    kernel_names(names);
    expect_room(o->row_count, "kernels", state);
    o->rows[o->row_count++] = &kernels[choose(name, "kernel", names, state)];
}

static long parse_number(const char *text, const char *what, long most,
                         const struct argp_state *state)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > most)
        argp_error(state, "%s '%s' is not a number from 1 to %ld", what, text, most);
    return number;
}

/* Keeps the list ascending and each number once. */
static void insert_workers(options *o, unsigned number)
{
    size_t at = o->worker_count;
    while (at > 0 && o->workers[at - 1] > number)
        at--;
    if (at > 0 && o->workers[at - 1] == number)
        return;
    memmove(o->workers + at + 1, o->workers + at, (o->worker_count++ - at) * sizeof *o->workers);
    o->workers[at] = number;
}

static void add_workers(typed *t, const char *text, const struct argp_state *state)
{
    expect_room(t->options->worker_count, "numbers of workers", state);
    insert_workers(t->options,
                   (unsigned)parse_number(text, "number of workers", BENCH_MOST_WORKERS, state));
}

/* A queue or policy: the library knows whether it exists, and which others do. */
static void check_name(const char *queue, const char *policy, const struct argp_state *state)
{
    char why[512];
    unsigned workers;
    if (probe_runtime(queue, policy, &workers, why, sizeof why) == 0)
        return;
    const char *names[1 + BENCH_NAMES] = {"handpool"};
    for (size_t i = 0; queue && i < peer_count; i++)
        names[1 + i] = peers[i].name;
    char list[256];
    join_names(list, sizeof list, names);
    argp_error(state, queue ? "%s; and of this command: %s" : "%s", why, list);
}

static void add_queue(typed *t, const char *name, const struct argp_state *state)
{
    const peer_row *other = peer_find(name);
    expect_room(t->queue_count, "columns", state);
    if (other && !other->peer)
        argp_error(state, "%s was not found when this command was built; it needs %s", name,
                   other->needs);
    else if (!other && strcmp(name, "handpool") != 0)
        check_name(name, NULL, state);
    t->queues[t->queue_count++] = name;
}

static void add_policy(typed *t, const char *name, const struct argp_state *state)
{
    expect_room(t->policy_count, "policies", state);
    check_name(NULL, name, state);
    t->policies[t->policy_count++] = name;
}

static void add_column(options *o, column c, const struct argp_state *state)
{
    expect_room(o->column_count, "columns", state);
    snprintf(c.label, sizeof c.label, c.policy ? "%.30s:%.30s" : "%.30s", c.queue, c.policy);
    o->columns[o->column_count++] = c;
}

static void make_columns(typed *t, const struct argp_state *state)
{
    options *o = t->options;
    o->columns[o->column_count++] = (column){.as = KERNEL_SERIAL, .label = "serial"};
    for (size_t q = 0; q < t->queue_count; q++) {
        column c = {.as = KERNEL_FILCH, .queue = t->queues[q], .peer = peer_find(t->queues[q])};
        if (c.peer)
            c.as = KERNEL_PEER;
        else if (strcmp(c.queue, "handpool") == 0)
            c.as = KERNEL_HANDPOOL;
        if (c.as != KERNEL_FILCH || t->policy_count == 0)
            add_column(o, c, state);
        for (size_t p = 0; c.as == KERNEL_FILCH && p < t->policy_count; p++) {
            c.policy = t->policies[p];
            add_column(o, c, state);
        }
    }
}

/* Not serial code alone. */
static void expect_columns(const options *o, const struct argp_state *state)
{
    kernel k;
    for (size_t i = 0; i < o->row_count; i++) {
        bool some = false;
        for (size_t c = 1; c < o->column_count; c++)
            some |= kernel_in(o->rows[i], o->columns[c].as, o->columns[c].peer, &k);
        if (!some)
            argp_error(state, "none of these columns has %s; chase-lev has every kernel",
                       o->rows[i]->column[KERNEL_SERIAL]->name);
    }
}

static void fill_defaults(typed *t, const struct argp_state *state)
{
    options *o = t->options;
    const char *names[BENCH_NAMES + 1];
    kernel_names(names);
    unsigned all;
    if (probe_runtime(NULL, NULL, &all, o->runtime, sizeof o->runtime))
        argp_failure(state, 1, 0, "no runtime on this machine: %s", o->runtime);
    if (o->row_count == 0)
        for (size_t i = 0; names[i]; i++)
            add_kernel(t, names[i], state);
    if (t->queue_count == 0) {
        each_name("chase-lev,central-mutex", add_queue, state);
        for (size_t i = 0; i < peer_count; i++)
            if (peers[i].peer)
                add_queue(t, peers[i].name, state);
    }
    if (o->worker_count == 0) {
        insert_workers(o, 1);
        insert_workers(o, all);
    }
    make_columns(t, state);
    expect_columns(o, state);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    typed *t = state->input;
    options *o = t->options;
    switch (key) {
    case 'k':
        each_name(argument, add_kernel, state);
        return 0;
    case 'w':
        each_name(argument, add_workers, state);
        return 0;
    case 'c':
    case 'q':
        each_name(argument, add_queue, state);
        return 0;
    case 'p':
        each_name(argument, add_policy, state);
        return 0;
    case 'r':
        o->repeat = (int)parse_number(argument, "--repeat", BENCH_REPEATS, state);
        return 0;
    case 's':
        o->size = choose(argument, "size", bench_size_names, state);
        return 0;
    case 'f':
        o->format = (enum bench_format)choose(argument, "format", format_names, state);
        if (o->format == BENCH_JSON && !bench_has_json)
            argp_error(state, "built without jansson: no json; choose table or csv");
        return 0;
    case 't':
        o->stats = true;
        return 0;
    case 'd':
        o->dir = argument;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'; see --help", argument);
        return 0;
    case ARGP_KEY_END:
        fill_defaults(t, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The help ends with the table of kernels, so that it cannot be out of date. */
static char *help_with_kernels(int key, const char *text, void *input)
{
    (void)input;
    char *whole = NULL;
    size_t size;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    FILE *out = open_memstream(&whole, &size);
    if (!out)
        return (char *)text;
    fputs("Kernels:\n", out);
    for (size_t i = 0; i < kernel_count; i++) {
        const kernel *k = kernels[i].column[KERNEL_SERIAL];
        fprintf(out, "  %-12s %s\n", k->name, k->what);
    }
    fputs("\nPeers that have some of them:\n", out);
    for (size_t i = 0; i < peer_count; i++)
        fprintf(out, "  %-12s %s%s%s\n", peers[i].name, peers[i].title,
                peers[i].peer ? "" : ", not built: needs ", peers[i].peer ? "" : peers[i].needs);
    fprintf(out, "\n%s", examples);
    fclose(out);
    return whole;
}

void bench_parse_options(options *out, int argc, char **argv)
{
    static const struct argp parser = {.options = known,
                                       .parser = parse,
                                       .doc = about,
                                       .help_filter = help_with_kernels};
    *out = (options){.argc = argc, .argv = argv, .size = -1, .dir = "/usr/include"};
    typed t = {.options = out};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &t);
}
