/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: Filch beside other libraries and languages, row by row. Each is a column, a program that
 * serves orders (bench/peers/orders.h), named on the command line as name=path, Filch's as "filch".
 * A round is one turn of each column, and the next begins when the last one's threads rest. */
#include "child.h"
#include "load.h"
#include "program.h"

/* ---- The rows ---- */

enum vs_figure { VS_TIME, VS_CPU, VS_P50, VS_P99, VS_FIGURES };

/* Filch's figure / that of the rival: at most `bound`. */
typedef struct vs_goal {
    enum vs_figure figure;
    const char *rival; /* a column, or VS_BEST: the best peer that has the row; NULL: the end */
    double bound;      /* 0: reported */
} vs_goal;

static const char VS_BEST[] = "best";

typedef struct vs_row {
    const char *name; /* for --only */
    const char *what;
    peer_order order;
    vs_goal goals[2];
    const char *plain; /* another kind by Filch, which the row's own is compared with; or NULL */
    double times;      /* at most so many times its time; 0: reported */
    bool busy;         /* beside a process that computes */
} vs_row;

/* clang-format off */
#define TIME(rival, bound) {{VS_TIME, rival, bound}}
#define LATENCIES {{VS_P50, VS_BEST, 1.1}, {VS_P99, VS_BEST, 1.1}}
#define HAND_AND_ASIO {{VS_TIME, "hand", 1}, {VS_TIME, "asio", 1}}

/* Steps: 75 take some 0.1 us. */
static const vs_row vs_rows[] = {
    {"wake-blocks-20", "wake, blocks, 20 us apart", {"wake-blocks", 500, 2, 1, 0, 0, 20}, .goals = LATENCIES},
    {"wake-blocks-200", "wake, blocks, 200 us apart", {"wake-blocks", 300, 2, 1, 0, 0, 200}, .goals = LATENCIES},
    {"wake-blocks-2000", "wake, blocks, 2 ms apart", {"wake-blocks", 100, 2, 1, 0, 0, 2000}, .goals = LATENCIES},
    {"wake-blocks-20000", "wake, blocks, 20 ms apart", {"wake-blocks", 10, 2, 1, 0, 0, 20000}, .goals = LATENCIES},
    {"wake-polls-20", "wake, polls, 20 us apart", {"wake-polls", 500, 2, 1, 0, 0, 20}, .goals = LATENCIES},
    {"wake-polls-200", "wake, polls, 200 us apart", {"wake-polls", 300, 2, 1, 0, 0, 200}, .goals = LATENCIES},
    {"wake-polls-2000", "wake, polls, 2 ms apart", {"wake-polls", 100, 2, 1, 0, 0, 2000}, .goals = LATENCIES},
    {"wake-polls-20000", "wake, polls, 20 ms apart", {"wake-polls", 10, 2, 1, 0, 0, 20000}, .goals = LATENCIES},
    {"wake-spins-20", "wake, spins, 20 us apart", {"wake-spins", 500, 2, 1, 0, 0, 20}, .goals = LATENCIES},
    {"wake-spins-200", "wake, spins, 200 us apart", {"wake-spins", 300, 2, 1, 0, 0, 200}, .goals = LATENCIES},
    {"wake-spins-2000", "wake, spins, 2 ms apart", {"wake-spins", 100, 2, 1, 0, 0, 2000}, .goals = LATENCIES},
    {"wake-spins-20000", "wake, spins, 20 ms apart", {"wake-spins", 10, 2, 1, 0, 0, 20000}, .goals = LATENCIES},
    {"wake-blocks-busy-200", "wake, blocks, 200 us, beside load", {"wake-blocks", 300, 2, 1, 0, 0, 200},
     .goals = LATENCIES, .busy = true},
    {"wake-polls-busy-200", "wake, polls, 200 us, beside load", {"wake-polls", 300, 2, 1, 0, 0, 200},
     .goals = LATENCIES, .busy = true},
    {"jobs-direct", "jobs without a queue limit, 1 thread", {"jobs-direct", 60000, 2, 1, 2, 0, 0}, .goals = TIME(VS_BEST, 1)},
    {"jobs-queued-1x2", "queued jobs, 1 thread, width 2", {"jobs-queued", 60000, 2, 1, 2, 1000, 0}, .goals = HAND_AND_ASIO},
    {"jobs-fifo-1x1", "fifo jobs, 1 thread, width 1", {"jobs-fifo", 60000, 2, 1, 1, 1000, 0}, .goals = HAND_AND_ASIO},
    {"jobs-fifo-1x2", "fifo jobs, 1 thread, width 2", {"jobs-fifo", 60000, 2, 1, 2, 1000, 0}, .goals = HAND_AND_ASIO},
    {"jobs-fifo-1x8", "fifo jobs, 1 thread, width 8", {"jobs-fifo", 60000, 2, 1, 8, 1000, 0}, .goals = HAND_AND_ASIO},
    {"jobs-fifo-2x1", "fifo jobs, 2 threads, width 1", {"jobs-fifo", 60000, 2, 2, 1, 1000, 0}, .goals = HAND_AND_ASIO},
    {"jobs-fifo-2x2", "fifo jobs, 2 threads, width 2", {"jobs-fifo", 60000, 2, 2, 2, 1000, 0}, .goals = HAND_AND_ASIO},
    {"jobs-fifo-2x8", "fifo jobs, 2 threads, width 8", {"jobs-fifo", 60000, 2, 2, 8, 1000, 0}, .goals = HAND_AND_ASIO},
    {"jobs-priority-1x1", "priority jobs, 1 thread, width 1", {"jobs-priority", 60000, 2, 1, 1, 1000, 0},
     .goals = TIME("hand", 1)},
    {"jobs-priority-1x2", "priority jobs, 1 thread, width 2", {"jobs-priority", 60000, 2, 1, 2, 1000, 0},
     .goals = TIME("hand", 1)},
    {"jobs-priority-1x8", "priority jobs, 1 thread, width 8", {"jobs-priority", 60000, 2, 1, 8, 1000, 0},
     .goals = TIME("hand", 1)},
    {"jobs-priority-2x1", "priority jobs, 2 threads, width 1", {"jobs-priority", 60000, 2, 2, 1, 1000, 0},
     .goals = TIME("hand", 1)},
    {"jobs-priority-2x2", "priority jobs, 2 threads, width 2", {"jobs-priority", 60000, 2, 2, 2, 1000, 0},
     .goals = TIME("hand", 1)},
    {"jobs-priority-2x8", "priority jobs, 2 threads, width 8", {"jobs-priority", 60000, 2, 2, 8, 1000, 0},
     .goals = TIME("hand", 1)},
    {"jobs-timeout", "jobs with a timeout", {"jobs-timeout", 60000, 2, 1, 2, 1000, 0},
     .goals = TIME("go", 0.8), .plain = "jobs-queued", .times = 1.5},
    {"jobs-handle", "jobs with a handle", {"jobs-handle", 60000, 2, 1, 2, 1000, 0},
     .goals = TIME("go", 0.9), .plain = "jobs-queued", .times = 1.5},
    {"jobs-all", "jobs with timeout, handle, priority", {"jobs-all", 60000, 2, 1, 2, 1000, 0},
     .goals = TIME(VS_BEST, 0), .plain = "jobs-queued", .times = 1.5},
    {"million", "a million jobs, elastic, errors, panics", {"million", 1000000, 2, 1, 512, 1000, 0},
     .goals = {{VS_TIME, "go", 0.8}, {VS_CPU, "go", 0.8}}},
    {"channel-64-1", "channel, 1 to 1, room 64, workers: 1", {"channel", 1000000, 1, 1, 0, 64, 0}, .goals = TIME("go", 0.7)},
    {"channel-64-2", "channel, 1 to 1, room 64, workers: 2", {"channel", 1000000, 2, 1, 0, 64, 0}, .goals = TIME("go", 0.7)},
    {"channel-1024-1", "channel, 1 to 1, room 1024, workers: 1", {"channel", 1000000, 1, 1, 0, 1024, 0},
     .goals = TIME("go", 0.7)},
    {"channel-1024-2", "channel, 1 to 1, room 1024, workers: 2", {"channel", 1000000, 2, 1, 0, 1024, 0},
     .goals = TIME("go", 0.7)},
    {"mutex-2", "mutex, 2 tasks, workers: 2", {"mutex", 2000000, 2, 2, 0, 0, 16}, .goals = TIME("go", 0.9)},
    {"mutex-4", "mutex, 4 tasks, workers: 2", {"mutex", 2000000, 2, 4, 0, 0, 16}, .goals = TIME("go", 0.9)},
    {"mutex-8", "mutex, 8 tasks, workers: 2", {"mutex", 2000000, 2, 8, 0, 0, 16}, .goals = TIME("go", 0.9)},
    {"timers-start", "100,000 timers, started by 2 tasks", {"timers-start", 100000, 2, 2, 0, 0, 0}, .goals = TIME("go", 0.7)},
    {"timers-stop", "100,000 timers, all started, then stopped", {"timers-stop", 100000, 2, 2, 0, 0, 0},
     .goals = TIME("go", 0.7)},
    {"timers-pairs", "100,000 timers, each stopped at once", {"timers-pairs", 100000, 2, 2, 0, 0, 0}, .goals = TIME("go", 0.7)},
    {"reduce-1000000", "sum of 1000000 doubles, -ffast-math", {"reduce", 20000000, 2, 1, 0, 1000000, 0},
     .goals = TIME(VS_BEST, 1)},
    {"reduce-10000000", "sum of 10000000 doubles, -ffast-math", {"reduce", 20000000, 2, 1, 0, 10000000, 0},
     .goals = TIME(VS_BEST, 1)},
    {"for-0.1us-1", "for, bodies of 0.1us, workers: 1", {"for", 100000, 1, 1, 0, 0, 75}, .goals = TIME(VS_BEST, 1)},
    {"for-0.1us-2", "for, bodies of 0.1us, workers: 2", {"for", 100000, 2, 1, 0, 0, 75}, .goals = TIME(VS_BEST, 1)},
    {"for-0.3us-1", "for, bodies of 0.3us, workers: 1", {"for", 33333, 1, 1, 0, 0, 225}, .goals = TIME(VS_BEST, 1)},
    {"for-0.3us-2", "for, bodies of 0.3us, workers: 2", {"for", 33333, 2, 1, 0, 0, 225}, .goals = TIME(VS_BEST, 1)},
    {"for-1us-1", "for, bodies of 1us, workers: 1", {"for", 10000, 1, 1, 0, 0, 750}, .goals = TIME(VS_BEST, 1)},
    {"for-1us-2", "for, bodies of 1us, workers: 2", {"for", 10000, 2, 1, 0, 0, 750}, .goals = TIME(VS_BEST, 1)},
    {"spawn", "spawned tasks of 0.1 us, workers: 2", {"spawn", 50000, 2, 1, 0, 0, 75},
     .goals = TIME("tbb", 0.8), .plain = "fork"},
};
/* clang-format on */
enum { VS_ROWS = sizeof vs_rows / sizeof *vs_rows };

/* ---- Rounds ---- */

enum { COLUMNS_MOST = 8 };

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
    return measure_judge(measure_text("%s: %s / %s", row->what, figures[f].name, against), ratio,
                         bound > 0 ? MEASURE_AT_MOST : MEASURE_REPORTED, bound);
}

static void show(const vs_row *row, enum vs_figure f, int repeat)
{
    measure_spread own = measure_spread_of(columns[0].at[f], repeat);
    for (const vs_column *c = columns + 1; c < columns + column_count; c++) {
        measure_spread s = measure_spread_of(c->at[f], repeat);
        if (c->serves)
            printf("    %s: %s, %s: %.3f %s (%.3f .. %.3f)\n", row->what, c->name, figures[f].name,
                   s.median, figures[f].unit, s.least, s.most);
    }
    measure_judge(measure_text("%s: %s, %s", row->what, figures[f].name, figures[f].unit), own,
                  MEASURE_REPORTED, 0);
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
    pid_t load = row->busy ? load_start() : 0;
    run_rounds(&order, count, options->repeat);
    if (row->busy)
        load_stop(load);
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
