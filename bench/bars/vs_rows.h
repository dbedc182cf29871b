/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rows of bar-vs: an order for the columns (bench/peers/orders.h), and the bounds of Filch's
 * figures against theirs. */
#ifndef BARS_VS_ROWS_H
#define BARS_VS_ROWS_H

#include "../peers/orders.h"

#include <stdbool.h>

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
    const char
        *plain;   /* another kind, by Filch alone, that the row's own is compared with; or NULL */
    double times; /* at most so many times its time; 0: reported */
    bool busy;    /* beside a process that computes */
} vs_row;

#define VS_WAKE(id, way, gap, title, count, is_busy)                                               \
    {                                                                                              \
        .name = "wake-" id "-" #gap, .what = "wake, " title,                                       \
        .order = {"wake-" way, count, 2, 1, 0, 0, gap},                                            \
        .goals = {{VS_P50, VS_BEST, 1.1}, {VS_P99, VS_BEST, 1.1}}, .busy = is_busy,                \
    }
#define VS_WAKES(way)                                                                              \
    VS_WAKE(way, way, 20, way ", 20 us apart", 500, false),                                        \
        VS_WAKE(way, way, 200, way ", 200 us apart", 300, false),                                  \
        VS_WAKE(way, way, 2000, way ", 2 ms apart", 100, false),                                   \
        VS_WAKE(way, way, 20000, way ", 20 ms apart", 10, false)
#define VS_JOBS(id, parties, threads, wide, ...)                                                   \
    {                                                                                              \
        .name = "jobs-" id "-" #parties "x" #wide, .what = id " jobs, " threads ", width " #wide,  \
        .order = {"jobs-" id, 60000, 2, parties, wide, 1000, 0},                                   \
        .goals = {{VS_TIME, "hand", 1}, __VA_ARGS__},                                              \
    }
#define VS_ASIO                                                                                    \
    {                                                                                              \
        VS_TIME, "asio", 1                                                                         \
    }
#define VS_JOBS_WIDTHS(id, ...)                                                                    \
    VS_JOBS(id, 1, "1 thread", 1, __VA_ARGS__), VS_JOBS(id, 1, "1 thread", 2, __VA_ARGS__),        \
        VS_JOBS(id, 1, "1 thread", 8, __VA_ARGS__), VS_JOBS(id, 2, "2 threads", 1, __VA_ARGS__),   \
        VS_JOBS(id, 2, "2 threads", 2, __VA_ARGS__), VS_JOBS(id, 2, "2 threads", 8, __VA_ARGS__)
#define VS_JOBS_WITH(id, title)                                                                    \
    {                                                                                              \
        .name = "jobs-" id, .what = "jobs with " title,                                            \
        .order = {"jobs-" id, 60000, 2, 1, 2, 1000, 0}, .goals = {{VS_TIME, VS_BEST, 0}},          \
        .plain = "jobs-queued", .times = 1.5,                                                      \
    }
#define VS_CHANNEL(room, workers, bound)                                                           \
    {                                                                                              \
        .name = "channel-" #room "-" #workers,                                                     \
        .what = "channel, 1 to 1, room " #room ", workers: " #workers,                             \
        .order = {"channel", 1000000, workers, 1, 0, room, 0}, .goals = {{VS_TIME, "go", bound}},  \
    }
#define VS_MUTEX(parties)                                                                          \
    {                                                                                              \
        .name = "mutex-" #parties, .what = "mutex, " #parties " tasks, workers: 2",                \
        .order = {"mutex", 2000000, 2, parties, 0, 0, 16}, .goals = {{VS_TIME, "go", 0.9}},        \
    }
#define VS_TIMERS(id, title, bound)                                                                \
    {                                                                                              \
        .name = "timers-" id, .what = title, .order = {"timers-" id, 100000, 2, 2, 0, 0, 0},       \
        .goals = {{VS_TIME, "go", bound}},                                                         \
    }
#define VS_REDUCE(length)                                                                          \
    {                                                                                              \
        .name = "reduce-" #length, .what = "sum of " #length " doubles, -ffast-math",              \
        .order = {"reduce", 20000000, 2, 1, 0, length, 0}, .goals = {{VS_TIME, VS_BEST, 1}},       \
    }
/* Steps of peer_steps: 75 take some 0.1 us. */
#define VS_FOR(steps, length, workers)                                                             \
    {                                                                                              \
        .name = "for-" length "-" #workers,                                                        \
        .what = "for, bodies of " length ", workers: " #workers,                                   \
        .order = {"for", 7500000 / steps, workers, 1, 0, 0, steps},                                \
        .goals = {{VS_TIME, VS_BEST, 1}},                                                          \
    }

static const vs_row vs_rows[] = {
    VS_WAKES("blocks"),
    VS_WAKES("polls"),
    VS_WAKES("spins"),
    VS_WAKE("blocks-busy", "blocks", 200, "blocks, 200 us, beside load", 300, true),
    VS_WAKE("polls-busy", "polls", 200, "polls, 200 us, beside load", 300, true),
    {
        .name = "jobs-direct",
        .what = "jobs without a queue limit, 1 thread",
        .order = {"jobs-direct", 60000, 2, 1, 2, 0, 0},
        .goals = {{VS_TIME, VS_BEST, 1}},
    },
    VS_JOBS("queued", 1, "1 thread", 2, VS_ASIO),
    VS_JOBS_WIDTHS("fifo", VS_ASIO),
    VS_JOBS_WIDTHS("priority", {0}),
    VS_JOBS_WITH("timeout", "a timeout"),
    VS_JOBS_WITH("handle", "a handle"),
    VS_JOBS_WITH("all", "timeout, handle, priority"),
    {
        .name = "million",
        .what = "a million jobs, elastic, errors, panics",
        .order = {"million", 1000000, 2, 1, 512, 1000, 0},
        .goals = {{VS_TIME, "go", 0.8}, {VS_CPU, "go", 0.8}},
    },
    VS_CHANNEL(64, 1, 0.7),
    VS_CHANNEL(64, 2, 0.7),
    VS_CHANNEL(1024, 1, 0.7),
    VS_CHANNEL(1024, 2, 0.7),
    VS_MUTEX(2),
    VS_MUTEX(4),
    VS_MUTEX(8),
    VS_TIMERS("start", "100,000 timers, started by 2 tasks", 0.7),
    VS_TIMERS("stop", "100,000 timers, all started, then stopped", 0.7),
    VS_TIMERS("pairs", "100,000 timers, each stopped at once", 0.7),
    VS_REDUCE(1000000),
    VS_REDUCE(10000000),
    VS_FOR(75, "0.1us", 1),
    VS_FOR(75, "0.1us", 2),
    VS_FOR(225, "0.3us", 1),
    VS_FOR(225, "0.3us", 2),
    VS_FOR(750, "1us", 1),
    VS_FOR(750, "1us", 2),
    {
        .name = "spawn",
        .what = "spawned tasks of 0.1 us, workers: 2",
        .order = {"spawn", 50000, 2, 1, 0, 0, 75},
        .goals = {{VS_TIME, "tbb", 0.8}},
        .plain = "fork",
    },
};
enum { VS_ROWS = sizeof vs_rows / sizeof *vs_rows };

#endif
