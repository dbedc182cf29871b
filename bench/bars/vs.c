/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: Filch beside other libraries and languages, row by row (vs_rows.h). Each is a column, a
 * program that serves orders (bench/peers/orders.h), named on the command line as name=path,
 * Filch's as "filch". A round is one turn of each column, and the next begins when the last one's
 * threads rest. */
#include "child.h"
#include "program.h"
#include "vs_rows.h"

enum { COLUMNS_MOST = 8, LINE = 160 };

typedef struct vs_column {
    program program;
    const char *name, *kind; /* kind: of work, in this row */
    bool serves;             /* it has that kind */
    double at[VS_FIGURES][MEASURE_ROUNDS];
} vs_column;

/* Filch is the first; of a row that is compared with a plain kind, that is one more in the end. */
static vs_column columns[COLUMNS_MOST + 1];
static int column_count;

/* One turn. Returns the answer; ns for each unit of work and us for latencies go to `at`. */
static uint64_t take_turn(vs_column *c, const peer_order *order, double at[VS_FIGURES])
{
    peer_order own = *order;
    peer_reply reply = {0};
    snprintf(own.kind, sizeof own.kind, "%s", c->kind);
    c->serves = program_ask(&c->program, &own, &reply);
    at[VS_TIME] = reply.seconds * 1e9 / (double)own.count;
    at[VS_CPU] = reply.cpu * 1e9 / (double)own.count;
    at[VS_P50] = reply.p50;
    at[VS_P99] = reply.p99;
    if (c->serves)
        child_rest(&(child_process){.pid = c->program.pid});
    return reply.answer;
}

static void run_rounds(const peer_order *order, int count, int repeat)
{
    for (int round = -1; round < repeat; round++) {
        uint64_t first = 0;
        for (int i = 0; i < count; i++) {
            double at[VS_FIGURES] = {0};
            uint64_t answer = take_turn(&columns[i], order, at);
            if (i == 0)
                first = answer;
            else if (columns[i].serves && answer != first)
                program_die(&columns[i].program, "not the answer of the first column");
            for (int f = 0; f < VS_FIGURES && round >= 0; f++)
                columns[i].at[f][round] = at[f];
        }
    }
}

/* A process that computes until it is ended. 0: none is wanted. */
static pid_t start_load(bool wanted)
{
    pid_t pid = wanted ? fork() : 0;
    if (wanted && pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            __asm__ volatile("");
    }
    return pid;
}

static void stop_load(pid_t pid)
{
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

/* ---- Judgement ---- */

static const struct {
    const char *name, *unit;
} figures[VS_FIGURES] = {{"time", "ns"}, {"CPU", "ns"}, {"p50", "us"}, {"p99", "us"}};

static measure_spread ratio_to(const vs_column *rival, enum vs_figure f, int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = columns[0].at[f][i] / rival->at[f][i];
    return measure_spread_of(at, repeat);
}

/* The peer of that name, or with the least median, if it has the row; or NULL. */
static const vs_column *rival_of(const char *name, enum vs_figure f, int repeat)
{
    const vs_column *best = NULL;
    double least = 0;
    for (const vs_column *c = columns + 1; c < columns + column_count; c++) {
        double median = measure_spread_of(c->at[f], repeat).median;
        if (!c->serves || (name != VS_BEST && strcmp(name, c->name) != 0))
            continue;
        if (!best || median < least) {
            best = c;
            least = median;
        }
    }
    return best;
}

static bool judge(const vs_row *row, enum vs_figure f, const char *against, measure_spread ratio,
                  double bound)
{
    char what[LINE];
    snprintf(what, sizeof what, "%s: %s / %s", row->what, figures[f].name, against);
    return measure_judge(what, ratio, bound > 0 ? MEASURE_AT_MOST : MEASURE_REPORTED, bound);
}

static void show(const vs_row *row, enum vs_figure f, int repeat)
{
    char what[LINE];
    measure_spread own = measure_spread_of(columns[0].at[f], repeat);
    for (const vs_column *c = columns + 1; c < columns + column_count; c++) {
        measure_spread s = measure_spread_of(c->at[f], repeat);
        if (c->serves)
            printf("    %s: %s, %s: %.3f %s (%.3f .. %.3f)\n", row->what, c->name, figures[f].name,
                   s.median, figures[f].unit, s.least, s.most);
    }
    snprintf(what, sizeof what, "%s: %s, %s", row->what, figures[f].name, figures[f].unit);
    measure_judge(what, own, MEASURE_REPORTED, 0);
}

/* The goals first, then the ratios to all other peers. */
static bool judge_figure(const vs_row *row, enum vs_figure f, int repeat)
{
    bool reached = true, judged[COLUMNS_MOST] = {false};
    for (size_t i = 0; i < sizeof row->goals / sizeof *row->goals; i++) {
        const vs_goal *goal = &row->goals[i];
        if (!goal->rival || goal->figure != f || goal->bound <= 0)
            continue;
        const vs_column *rival = rival_of(goal->rival, f, repeat);
        const measure_spread none = {NAN, NAN, NAN};
        if (rival)
            judged[rival - columns] = true;
        reached = judge(row, f, rival ? rival->name : goal->rival,
                        rival ? ratio_to(rival, f, repeat) : none, goal->bound) &&
                  reached;
    }
    for (int i = 1; i < column_count; i++)
        if (columns[i].serves && !judged[i])
            judge(row, f, columns[i].name, ratio_to(&columns[i], f, repeat), 0);
    return reached;
}

static bool has_figure(const vs_row *row, enum vs_figure f)
{
    for (size_t i = 0; i < sizeof row->goals / sizeof *row->goals; i++)
        if (row->goals[i].rival && row->goals[i].figure == f)
            return true;
    return false;
}

static bool run_row(const vs_row *row, const measure_options *options)
{
    bool reached = true;
    int count = column_count;
    peer_order order = row->order;
    order.count = (order.count * options->size + 99) / 100;
    for (int i = 0; i < count; i++)
        columns[i].kind = row->order.kind;
    if (row->plain) {
        columns[count] = columns[0];
        columns[count++].kind = row->plain;
    }
    pid_t load = start_load(row->busy);
    run_rounds(&order, count, options->repeat);
    stop_load(load);
    for (int f = 0; f < VS_FIGURES; f++)
        if (has_figure(row, (enum vs_figure)f)) {
            show(row, (enum vs_figure)f, options->repeat);
            reached = judge_figure(row, (enum vs_figure)f, options->repeat) && reached;
        }
    if (row->plain)
        reached = judge(row, VS_TIME, row->plain,
                        ratio_to(&columns[column_count], VS_TIME, options->repeat), row->times) &&
                  reached;
    return reached;
}

int main(int argc, char **argv)
{
    measure_options options =
        measure_read_options(argc, argv, 100,
                             "PERCENT, of the work of each row; then NAME=PATH...");
    for (; optind < argc && column_count < COLUMNS_MOST; optind++) {
        vs_column *c = &columns[column_count++];
        program_start(&c->program, argv[optind]);
        c->name = c->program.name;
    }
    if (column_count == 0 || strcmp(columns[0].name, "filch") != 0) {
        fprintf(stderr, "%s: the first column is not filch=PATH\n", argv[0]);
        return 2;
    }
    bool reached = true, any = false;
    for (const vs_row *row = vs_rows; row < vs_rows + VS_ROWS; row++)
        if (measure_wanted(&options, row->name)) {
            reached = run_row(row, &options) && reached;
            any = true;
        }
    for (int i = 0; i < column_count; i++)
        program_stop(&columns[i].program);
    if (!any)
        fprintf(stderr, "%s: no row has \"%s\" in its name\n", argv[0], options.only);
    return any ? !reached : 2;
}
