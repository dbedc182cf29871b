/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "child.h"
#include "columns.h"

#include <sched/mode.h>
#include <sched/victims/policy.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/probe.h>

enum { MOST_SLOW_DOWN = 1000 };

const char *const bench_size_names[KERNEL_SIZES + 1] = {"tiny", "quick", "full", NULL};
static const char *const format_names[] = {"table", "csv", "markdown", NULL};

/* ---- Registries ---- */

static void list_kernels(names_list *out)
{
    for (size_t i = 0; i < kernel_count; i++)
        names_add(out, kernels[i].column[KERNEL_SERIAL]->name);
    names_add(out, "all");
}

static void list_policies(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_policies));
}

static void list_idle_modes(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_idle_modes));
}

static void list_take_modes(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_take_modes));
}

static void list_wait_modes(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_wait_modes));
}

/* ---- Lists ---- */

static void add_row(typed *t, const kernel_row *row)
{
    options *o = &t->options;
    for (size_t i = 0; i < o->row_count; i++)
        columns_expect_new(o->rows[i] != row, "kernels", row->column[KERNEL_SERIAL]->name);
    o->rows[o->row_count++] = row;
}

/* Every kernel that is shown at least so readily. */
static void add_kernels(typed *t, enum kernel_shown shown)
{
    for (size_t i = 0; i < kernel_count; i++)
        if (kernels[i].column[KERNEL_SERIAL]->shown <= shown)
            add_row(t, &kernels[i]);
}

static void add_kernel(const command *c, const command_option *row, void *to, const char *name)
{
    const size_t at = (size_t)command_pick(c, row, name);
    if (at == kernel_count)
        add_kernels(to, KERNEL_WITH_ALL);
    else
        add_row(to, &kernels[at]);
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

static void add_workers(const command *c, const command_option *row, void *to, const char *text)
{
    options *o = &((typed *)to)->options;
    unsigned number = (unsigned)command_whole(c, "--workers", text, 1, (unsigned long)row->most);
    columns_expect_room(o->worker_count + 1, BENCH_NAMES, "numbers of workers");
    insert_workers(o, number);
}

/* ---- Readers ---- */

static void expect_json(const command *c, const command_option *row)
{
    if (!bench_has_json)
        command_refuse(c, "--%s: built without jansson (write --format csv)", row->name);
}

static void read_json(const command *c, const command_option *row, void *to, const char *text)
{
    (void)text;
    expect_json(c, row);
    ((typed *)to)->options.format = SHEET_JSON;
}

static void read_report(const command *c, const command_option *row, void *to, const char *text)
{
    if (strcmp(text, "-") == 0)
        command_refuse(c, "--report -: the page goes beside the result; name a file");
    expect_json(c, row);
    command_text(c, row, to, text);
}

/* ---- The table ---- */

#define FIELD(field) COMMAND_FIELD(typed, field)

enum { COLUMNS, KERNELS }; /* places of rows */

static const command_option known[] = {
    [COLUMNS] =
        {"columns", "LIST",
         "The columns of the table: queues of the library (docs/lab/README.md), handpool (a "
         "hand-written pool), peers (listed below). Default: chase-lev, central-mutex, and on "
         "parallel algorithms the peers of the same compiler. Serial code is always measured",
         .letter = 'c', .read = command_list, .each = columns_add_queue, .registry = columns_list},
    [KERNELS] = {"kernels", "LIST",
                 "Kernels to run; all: all but the longest (default: those marked below)",
                 .letter = 'k', .read = command_list, .each = add_kernel, .registry = list_kernels},
    {"workers", "LIST", "Numbers of workers (default: 1 and one per core this process may use)",
     .letter = 'w', .read = command_list, .each = add_workers, .most = BENCH_MOST_WORKERS},
    {"peers",
     .help = "Eight kernels at size quick, on handpool and every peer beside chase-lev, where "
             "--kernels, --columns and --size are not given",
     .read = command_flag, FIELD(peers)},
    {"policy", "LIST", "Victim selection: policies of the library (default: random)",
     .read = command_list, .each = columns_add_choice, .registry = list_policies},
    {"idle", "LIST", "Behaviour of idle workers: sleep, yield, spin (default: sleep)",
     .read = command_list, .each = columns_add_choice, .registry = list_idle_modes},
    {"take", "LIST", "How much a thief takes: adaptive, one, half (default: adaptive)",
     .read = command_list, .each = columns_add_choice, .registry = list_take_modes},
    {"wait", "LIST", "Join of a stolen task: suspend, help-any, help-own (default: suspend)",
     .read = command_list, .each = columns_add_choice, .registry = list_wait_modes},
    {"repeat", "N",
     "Rounds: measurements of each (default: 3 to 12, as the time allows; a verdict takes 8)",
     .letter = 'r', .read = command_count, FIELD(options.repeat), .least = 1,
     .most = BENCH_REPEATS},
    {"size", "SIZE",
     "tiny, quick or full (default: full, and beside it quick where a central queue would take too "
     "long; of parallel algorithms, quick)",
     .letter = 's', .read = command_choice, FIELD(options.size), .choices = bench_size_names},
    {"format", "FORMAT", "table, csv or markdown (default: table)", .letter = 'f',
     .read = command_choice, FIELD(options.format), .choices = format_names},
    {"export", "FORMAT", .instead = "format"},
    {"json", .help = "Write the result as JSON", .read = read_json},
    {"quick", .help = "The same as --kernels all --size quick, where these are not given",
     .read = command_flag, FIELD(quick)},
    {"metg",
     .help = "Instead of times, how small tasks may be: METG(50 %) of the kernels with a grain "
             "(tb-...)",
     .read = command_flag, FIELD(options.metg)},
    {"output", "FILE", "Where to write it (default, and -: standard output)", .letter = 'o',
     .read = command_path, FIELD(options.output)},
    {"report", "FILE",
     "Also write a page for browsers, with charts and tables, that needs nothing else",
     .read = read_report, FIELD(options.report)},
    {"stats",
     .help = "Below each kernel, counters of the runtimes in a run, and how long workers worked, "
             "searched and slept (a table only)",
     .read = command_flag, FIELD(options.stats)},
    {"dir", "DIR", "Directory that tree-digest reads (default: /usr/include)", .read = command_text,
     FIELD(options.dir)},
    {"slow-down", "PERCENT",
     "Make the library's runs longer by that share, to see filch compare find it",
     .read = command_number, FIELD(options.slow_down), .least = 1, .most = MOST_SLOW_DOWN},
    {"cell", "CELL", .read = command_text, FIELD(options.cell)}, /* of child.h */
    {0},
};

/* The help has the table of kernels, so that it cannot be out of date. */
static void write_kernels(FILE *out)
{
    fputs("Kernels (*: run unless others are named; -: not part of all):\n", out);
    for (size_t i = 0; i < kernel_count; i++) {
        const kernel *k = kernels[i].column[KERNEL_SERIAL];
        fprintf(out, "%c %-12s %s\n", "* -"[k->shown], k -> name, k -> what);
    }
    fputs("\nPeers that have some of them:\n", out);
    for (size_t i = 0; i < peer_count; i++)
        fprintf(out, "  %-15s %s%s%s\n", peers[i].name, peers[i].title,
                peers[i].peer ? "" : ", not built: needs ", peers[i].peer ? "" : peers[i].needs);
    fputc('\n', out);
}

const command bench_command = {
    .name = "filch bench",
    .options = known,
    .write_tables = write_kernels,
    .about = "Runs fork/join kernels on work stealing and on one central queue, and parallel "
             "algorithms against other libraries'; checks every answer, and says which is faster, "
             "and how many times.",
    .ending = "Examples:\n"
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
              "  filch bench --json --output new.json         for filch compare\n"
              "  filch bench --format markdown                tables for an issue\n"
              "\n"
              "Exit status: 0 when all went well; 1 when a kernel failed, an answer was\n"
              "wrong or a file of --dir could not be read; 2 for a wrong command line, and\n"
              "when the result could not be written; 130 when interrupted: finished rounds\n"
              "are written.\n",
};

/* ---- Defaults ---- */

/* Not serial code alone. */
static void expect_columns(const options *o)
{
    kernel k;
    for (size_t i = 0; i < o->row_count; i++) {
        bool some = false;
        for (size_t c = 1; c < o->column_count; c++)
            some |= kernel_in(o->rows[i], o->columns[c].as, o->columns[c].peer, &k);
        if (!some)
            command_refuse(&bench_command,
                           "none of these columns has %s; chase-lev has every kernel",
                           o->rows[i]->column[KERNEL_SERIAL]->name);
    }
}

/* Of the kernels only those whose tasks have a grain. */
static void keep_grains(options *o)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->row_count; i++)
        if (o->rows[i]->column[KERNEL_SERIAL]->grain)
            o->rows[kept++] = o->rows[i];
    o->row_count = kept;
    if (kept == 0)
        command_refuse(&bench_command,
                       "none of these kernels has a grain, as --metg needs; tb-stencil has");
    if (kept * bench_grain_count > BENCH_BLOCKS)
        command_refuse(&bench_command, "too many kernels for --metg: at most %zu",
                       BENCH_BLOCKS / bench_grain_count);
}

/* Of --columns. Peers that were not asked for stand beside parallel algorithms only, and none that another compiler
 * compiles: each of those brings a counterpart with it. */
static void fill_columns(typed *t)
{
    t->queues_by_default = true;
    t->options.own_columns = !t->peers;
    command_list(&bench_command, &known[COLUMNS], t,
                 t->peers ? "chase-lev,handpool" : "chase-lev,central-mutex");
    for (size_t i = 0; i < peer_count; i++)
        if (peers[i].peer && (t->peers || !peers[i].by_clang) && child_has_library(&peers[i]))
            columns_add_queue(&bench_command, &known[COLUMNS], t, peers[i].name);
}

/* Of --kernels. */
static void fill_kernels(typed *t)
{
    if (t->peers)
        command_list(&bench_command, &known[KERNELS], t,
                     "fib,nqueens,uts-t1,skynet,cilksort,matmul,for,sort");
    else
        add_kernels(t, t->options.metg || t->quick ? KERNEL_WITH_ALL : KERNEL_BY_DEFAULT);
}

static void fill_defaults(typed *t)
{
    options *o = &t->options;
    unsigned all;
    if (probe_runtime(NULL, &all, o->runtime, sizeof o->runtime))
        command_refuse(&bench_command, "no runtime on this machine: %s", o->runtime);
    if (o->row_count == 0)
        fill_kernels(t);
    if ((t->quick || t->peers) && o->size < 0)
        o->size = KERNEL_QUICK;
    if (o->metg)
        keep_grains(o);
    if (t->queues.count == 0)
        fill_columns(t);
    if (o->worker_count == 0) {
        insert_workers(o, 1);
        insert_workers(o, all);
    }
    columns_make(t);
    expect_columns(o);
    if (o->output && o->report && strcmp(o->output, o->report) == 0)
        command_refuse(&bench_command, "--output and --report name the same file; name two");
}

void bench_parse_options(options *out, int argc, char **argv)
{
    static typed t;
    t.options = (options){.argc = argc, .argv = argv, .size = -1, .dir = "/usr/include"};
    command_read(&bench_command, &t, argc, argv);
    fill_defaults(&t);
    t.options.slow_down /= 100;
    *out = t.options;
}
