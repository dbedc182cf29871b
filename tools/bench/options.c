/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "child.h"
#include "columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/names.h>
#include <tools/shared/probe.h>

/* options without a letter */
enum {
    OPTION_QUICK = 256,
    OPTION_POLICY,
    OPTION_STATS,
    OPTION_DIR,
    OPTION_METG,
    OPTION_SLOW_DOWN,
    OPTION_IDLE,
    OPTION_TAKE,
    OPTION_WAIT,
    OPTION_REPORT,
    OPTION_PEERS,
    OPTION_EXPORT,
    OPTION_CELL
};
enum { MOST_SLOW_DOWN = 1000 };

static const struct argp_option known[] = {
    {"kernels", 'k', "LIST", 0,
     "Kernels to run; all: all but the longest (default: those marked below)", 0},
    {"workers", 'w', "LIST", 0,
     "Numbers of workers (default: 1 and one per core this process may use)", 0},
    {"columns", 'c', "LIST", 0,
     "The columns of the table: queues of the library (docs/lab/README.md), handpool (a "
     "hand-written "
     "pool), peers (listed below). Default: chase-lev, central-mutex, and on parallel algorithms "
     "the peers of the same compiler. Serial code is always measured",
     0},
    {"peers", OPTION_PEERS, 0, 0,
     "Eight kernels on handpool and every peer beside chase-lev, at size quick, where --kernels, "
     "--columns and --size are not given",
     0},
    {"policy", OPTION_POLICY, "LIST", 0,
     "Victim selection: policies of the library (default: random)", 0},
    {"idle", OPTION_IDLE, "LIST", 0,
     "Behaviour of idle workers: sleep, yield, spin (default: sleep)", 0},
    {"take", OPTION_TAKE, "LIST", 0,
     "How much a thief takes: adaptive, one, half (default: adaptive)", 0},
    {"wait", OPTION_WAIT, "LIST", 0,
     "Join of a stolen task: suspend, help-any, help-own (default: suspend)", 0},
    {"repeat", 'r', "N", 0,
     "Rounds: measurements of each (default: 3 to 12, as the time allows; a verdict takes 8)", 0},
    {"size", 's', "SIZE", 0,
     "tiny, quick or full (default: full, and beside it quick where a central queue would take too "
     "long; of parallel algorithms, quick)",
     0},
    {"format", 'f', "FORMAT", 0, "table, json, csv or markdown (default: table)", 0},
    {"export", OPTION_EXPORT, 0, OPTION_ALIAS, NULL, 0},
    {"quick", OPTION_QUICK, 0, 0,
     "The same as --kernels all --size quick, where these are not given", 0},
    {"metg", OPTION_METG, 0, 0,
     "Instead of times, how small tasks may be: METG(50 %) of the kernels with a grain (tb-...)",
     0},
    {"output", 'o', "FILE", 0, "Where to write it (default, and -: the standard output)", 0},
    {"report", OPTION_REPORT, "FILE", 0,
     "Also write a page for browsers, with charts and tables, that needs nothing else", 0},
    {"stats", OPTION_STATS, 0, 0,
     "Below each kernel, counters of the runtimes in a run, and how long workers worked, searched "
     "and slept (a table only)",
     0},
    {"dir", OPTION_DIR, "DIR", 0, "Directory that tree-digest reads (default: /usr/include)", 0},
    {"slow-down", OPTION_SLOW_DOWN, "PERCENT", 0,
     "Make the library's runs longer by that share, to see filch compare find it", 0},
    {"cell", OPTION_CELL, "CELL", OPTION_HIDDEN, "Measure that cell for another process", 0},
    {0},
};

static const char about[] =
    "Runs fork/join kernels on work stealing and on one central queue, and parallel algorithms "
    "beside other libraries'; checks every answer, and says which is faster, and how many "
    "times.\v ";

static const char examples[] =
    "Examples:\n"
    "  filch bench                                     two or three minutes\n"
    "  filch bench --quick                             every kernel\n"
    "  filch bench --peers --report peers.html         other libraries, as a page\n"
    "  filch bench --metg --columns chase-lev,handpool\n"
    "  filch bench --kernels fib,nqueens --workers 1,2,4\n"
    "  filch bench --columns chase-lev,central-mutex,handpool --size quick\n"
    "  filch bench --kernels sort,radix --columns chase-lev,tbb --size full\n"
    "  filch bench --kernels uts-t1 --columns chase-lev --wait suspend,help-own\n"
    "  filch bench --kernels uts-t1 --stats            why does it not scale?\n"
    "  filch bench --kernels tree-digest --dir /usr/share/doc\n"
    "  filch bench --quick --report report.html     a page of charts and tables\n"
    "  filch bench --format json --output new.json  for filch compare\n"
    "  filch bench --export markdown                tables for an issue\n"
    "\n"
    "Exit status: 0 when all went well; 1 when a kernel failed, an answer was\n"
    "wrong or a file of --dir could not be read; 2 for a wrong command line, and\n"
    "when the result could not be written; 130 when interrupted: finished rounds\n"
    "are written.\n";

const char *const bench_size_names[KERNEL_SIZES + 1] = {"tiny", "quick", "full", NULL};
static const char *const format_names[] = {"table", "json", "csv", "markdown", NULL};

typedef void add_fn(typed *t, const char *name, const struct argp_state *state);

/* Calls add with each name of a list "a,b,c". The names live as long as the options. */
static void each_name(const char *list, add_fn *add, const struct argp_state *state)
{
    typed *t = state->input;
    options *o = t->options;
    char *name, *rest = o->names + o->names_used;
    size_t size = strlen(list) + 1;
    if (size > sizeof o->names - o->names_used)
        argp_error(state, "the lists are too long");
    memcpy(rest, list, size);
    o->names_used += size;
    while ((name = strsep(&rest, ","))) {
        if (!*name)
            argp_error(state, "--%s: a name is empty; put one comma between names", t->option);
        add(t, name, state);
    }
}

static void add_row(typed *t, const kernel_row *row, const struct argp_state *state)
{
    options *o = t->options;
    for (size_t i = 0; i < o->row_count; i++)
        columns_expect_new(o->rows[i] != row, t, row->column[KERNEL_SERIAL]->name, state);
    o->rows[o->row_count++] = row;
}

/* Every kernel that is shown at least so readily. */
static void add_kernels(typed *t, enum kernel_shown shown, const struct argp_state *state)
{
    for (size_t i = 0; i < kernel_count; i++)
        if (kernels[i].column[KERNEL_SERIAL]->shown <= shown)
            add_row(t, &kernels[i], state);
}

static void add_kernel(typed *t, const char *name, const struct argp_state *state)
{
    const char *names[BENCH_KERNELS + 1] = {NULL};
    if (strcmp(name, "all") == 0) {
        add_kernels(t, KERNEL_WITH_ALL, state);
        return;
    }
    for (size_t i = 0; i < kernel_count; i++)
        names[i] = kernels[i].column[KERNEL_SERIAL]->name;
    add_row(t, &kernels[names_choose(name, "kernel", names, state)], state);
}

static long parse_number(const char *text, const char *what, long most,
                         const struct argp_state *state)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > most)
        argp_error(state, "%s '%s' is not a number in range (1..%ld)", what, text, most);
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
    options *o = t->options;
    unsigned number = (unsigned)parse_number(text, "number of workers", BENCH_MOST_WORKERS, state);
    columns_expect_room(o->worker_count + 1, BENCH_NAMES, "numbers of workers", state);
    insert_workers(o, number);
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

/* Of the kernels only those whose tasks have a grain. */
static void keep_grains(options *o, const struct argp_state *state)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->row_count; i++)
        if (o->rows[i]->column[KERNEL_SERIAL]->grain)
            o->rows[kept++] = o->rows[i];
    o->row_count = kept;
    if (kept == 0)
        argp_error(state, "none of these kernels has a grain, as --metg needs; tb-stencil has");
    if (kept * bench_grain_count > BENCH_BLOCKS)
        argp_error(state, "too many kernels for --metg: at most %zu",
                   BENCH_BLOCKS / bench_grain_count);
}

/* Of --columns. Peers that were not asked for stand beside parallel algorithms only, and none that another compiler
 * compiles: each of those brings a counterpart with it. */
static void fill_columns(typed *t, const struct argp_state *state)
{
    t->queues_by_default = true;
    t->options->own_columns = !t->peers;
    each_name(t->peers ? "chase-lev,handpool" : "chase-lev,central-mutex", columns_add_queue,
              state);
    for (size_t i = 0; i < peer_count; i++)
        if (peers[i].peer && (t->peers || !peers[i].by_clang) && child_has_library(&peers[i]))
            columns_add_queue(t, peers[i].name, state);
}

/* Of --kernels. */
static void fill_kernels(typed *t, const struct argp_state *state)
{
    if (t->peers)
        each_name("fib,nqueens,uts-t1,skynet,cilksort,matmul,for,sort", add_kernel, state);
    else
        add_kernels(t, t->options->metg || t->quick ? KERNEL_WITH_ALL : KERNEL_BY_DEFAULT, state);
}

static void fill_defaults(typed *t, const struct argp_state *state)
{
    options *o = t->options;
    unsigned all;
    if (probe_runtime(NULL, &all, o->runtime, sizeof o->runtime))
        argp_failure(state, 2, 0, "no runtime on this machine: %s", o->runtime);
    if (o->row_count == 0)
        fill_kernels(t, state);
    if ((t->quick || t->peers) && o->size < 0)
        o->size = KERNEL_QUICK;
    if (o->metg)
        keep_grains(o, state);
    if (t->queues.count == 0)
        fill_columns(t, state);
    if (o->worker_count == 0) {
        insert_workers(o, 1);
        insert_workers(o, all);
    }
    columns_make(t, state);
    expect_columns(o, state);
    if (o->output && o->report && strcmp(o->output, o->report) == 0)
        argp_error(state, "--output and --report name the same file; name two");
}

/* Options that take a list, and the function that adds one name of it. */
static const struct {
    int key;
    const char *option;
    add_fn *add;
    enum choice choice; /* of columns_add_choice */
} lists[] = {
    {'k', "kernels", add_kernel, CHOICES},
    {'w', "workers", add_workers, CHOICES},
    {'c', "columns", columns_add_queue, CHOICES},
    {OPTION_POLICY, "policy", columns_add_choice, POLICY},
    {OPTION_IDLE, "idle", columns_add_choice, IDLE},
    {OPTION_TAKE, "take", columns_add_choice, TAKE},
    {OPTION_WAIT, "wait", columns_add_choice, WAIT},
};

static error_t parse_list(int key, const char *argument, const struct argp_state *state)
{
    typed *t = state->input;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i].key == key) {
            t->option = lists[i].option;
            t->choosing = lists[i].choice;
            each_name(argument, lists[i].add, state);
            return 0;
        }
    return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    typed *t = state->input;
    options *o = t->options;
    switch (key) {
    case 'r':
        o->repeat = (int)parse_number(argument, "--repeat", BENCH_REPEATS, state);
        return 0;
    case 's':
        o->size = names_choose(argument, "size", bench_size_names, state);
        return 0;
    case 'f':
    case OPTION_EXPORT:
        o->format = (enum bench_format)names_choose(argument, "format", format_names, state);
        if (o->format == BENCH_JSON && !bench_has_json)
            argp_error(state, "built without jansson: no json; choose table, csv or markdown");
        return 0;
    case 'o':
        o->output = strcmp(argument, "-") == 0 ? NULL : argument;
        return 0;
    case OPTION_REPORT:
        o->report = argument;
        if (strcmp(argument, "-") == 0)
            argp_error(state, "--report -: the page goes beside the result; name a file");
        if (!bench_has_json)
            argp_error(state, "built without jansson: no report; choose --format table or csv");
        return 0;
    case OPTION_CELL:
        o->cell = argument;
        return 0;
    case OPTION_STATS:
        o->stats = true;
        return 0;
    case OPTION_DIR:
        o->dir = argument;
        return 0;
    case OPTION_QUICK:
        t->quick = true;
        return 0;
    case OPTION_PEERS:
        t->peers = true;
        return 0;
    case OPTION_METG:
        o->metg = true;
        return 0;
    case OPTION_SLOW_DOWN:
        o->slow_down = 0.01 * (double)parse_number(argument, "--slow-down", MOST_SLOW_DOWN, state);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'; see --help", argument);
        return 0;
    case ARGP_KEY_END:
        fill_defaults(t, state);
        return 0;
    default:
        return parse_list(key, argument, state);
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
    fputs("Kernels (*: run unless others are named; -: not part of all):\n", out);
    for (size_t i = 0; i < kernel_count; i++) {
        const kernel *k = kernels[i].column[KERNEL_SERIAL];
        fprintf(out, "%c %-12s %s\n", "* -"[k->shown], k -> name, k -> what);
    }
    fputs("\nPeers that have some of them:\n", out);
    for (size_t i = 0; i < peer_count; i++)
        fprintf(out, "  %-15s %s%s%s\n", peers[i].name, peers[i].title,
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
