/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The width of an elastic pool: between `least` and `most` jobs in progress. It has two parts: a
 * rule, which gets the observed state and the time, and the monitor, a task that observes and
 * applies it.
 *
 *   the monitor sees                                  the width                         the span
 *   as many jobs wait as `depth`, or the oldest has   grows by half, at least by 1,     begins
 *   waited for `grow_after`; it is below `most`,      up to `most`
 *   and the CPUs are used below `cpu_max`
 *   jobs wait, and the CPUs are used beyond the       shrinks by an eighth, at least    goes on
 *   middle between `cpu_max` and all                  by 1, not below `least`
 *   a span of `shrink_after` is over, in which no     shrinks by half, at least by 1,   begins
 *   more than `busiest` runners were busy at once     not below `busiest` or `least`
 *   something else                                    stays                             goes on
 *
 * The CPU load is read only with a `cpu_max` (below). Between it and that middle
 * the load changes nothing, so a width that has just grown does not fall by the load that it has
 * caused. While the load is unknown, the pool may grow. A surplus runner of a span was idle for the
 * whole of it, so nothing is given up early. Growth is not given up before a span is over, so the
 * width does not swing.
 *
 * The monitor is the task of an alarm. It is due `interval` after a job had to wait, if the pool
 * may still grow, and at the end of a span, if it may shrink; else never. So an idle pool at its
 * least costs nothing. The job that finds no runner sets the alarm, under the pool's lock, and
 * reads no clock: the job knows its time.
 *
 * Life: the alarm is one of the pool's (runtime/pool/pool.h). All is under the pool's lock. */
#ifndef FL_ELASTIC_H
#define FL_ELASTIC_H

#include <filch/pool.h>
#include <runtime/resilience/adaptive.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_elastic {
    unsigned most; /* 0: the width is fixed, and all else here unused */
    size_t depth;  /* 0: as many as it is wide */
    int64_t grow_after, shrink_after, interval;
    int cpu_max;      /* percent; 0: none */
    int64_t relieved; /* when it last became narrower for the CPUs */
    unsigned least;
    unsigned busiest; /* since: */
    int64_t since;
} fl_elastic;

/* The observed state. */
typedef struct fl_load {
    uint64_t waiting; /* jobs */
    int64_t oldest;   /* of them has waited since; any number if none waits */
    unsigned active;  /* runners with something to do */
    int cpu;          /* percent of the CPUs in use; -1: unknown */
} fl_load;

/* ---- The rule; no lock, no clock ---- */

/* Fields that are 0 get their defaults. */
void fl_elastic_complete(filch_pool_config *config);
void fl_elastic_init(fl_elastic *elastic, const filch_pool_config *complete, int64_t now);
/* The number of runners with something to do. */
static inline void fl_elastic_note(fl_elastic *elastic, unsigned active)
{
    if (active > elastic->busiest)
        elastic->busiest = active;
}
/* The width from now on. */
unsigned fl_elastic_width(fl_elastic *elastic, unsigned width, const fl_load *load, int64_t now);
/* The time of the next look. */
int64_t fl_elastic_next(const fl_elastic *elastic, unsigned width, bool waits, int64_t now);
/* Will it grow if so many go on waiting, or are about to? */
bool fl_elastic_will_grow(const fl_elastic *elastic, unsigned width, uint64_t waiting);

/* ---- The monitor (its task) ---- */

/* -EAGAIN, -EMFILE, -ENOMEM through fl_fail: there is no timer thread. */
int fl_elastic_open(filch_pool *pool);
/* With the lock: the newest job found no runner. */
void fl_elastic_mind(filch_pool *pool);
/* With the lock: a submitter has waited since then, in a pool where no job waits for another. */
void fl_elastic_mind_submitter(filch_pool *pool, int64_t since);
/* The monitor's task. */
void fl_elastic_look(filch_pool *pool, int64_t now);
/* Changes the least width. -EINVAL: more than the most. */
int fl_elastic_resize(filch_pool *pool, unsigned least);

/* ---- The processor's load ---- */

/* The load of the CPUs that this process may use, in percent: the larger of two shares. One is the
 * machine's time that was not idle (/proc/stat). The other is this process's use of the CPUs, or of
 * a smaller quota of its cgroup. The pure part compares two samples; the rest takes them, at most
 * one in SPAN, since the kernel counts in steps of some milliseconds. Threads: one at a time. */

typedef struct fl_cpu_sample {
    int64_t at;           /* ns */
    int64_t used;         /* CPU time of the process, ns */
    uint64_t busy, total; /* of the machine, in the kernel's steps; 0: unknown */
} fl_cpu_sample;

typedef struct fl_cpu_load {
    fl_cpu_sample last; /* at 0: none was taken */
    double cpus;
    int percent; /* -1: unknown */
} fl_cpu_load;

/* The rules for the width; the width itself is one of the numbers (`stats`). Written by the
 * monitor, by runners of an adaptive pool, and when a job becomes stuck or ends. */
typedef struct fl_pool_width {
    fl_elastic elastic;
    fl_cpu_load cpu_load;     /* only the monitor's */
    fl_aimd aimd;             /* of an adaptive pool */
    unsigned workers, spares; /* of its own runtime at first; for stuck jobs, in use */
} fl_pool_width;

/* ---- Pure ---- */

/* Parses the first line of /proc/stat; false: it is malformed. */
bool fl_cpu_parse(const char *line, fl_cpu_sample *out);
/* 0..100 */
int fl_cpu_percent(const fl_cpu_sample *from, const fl_cpu_sample *to, double cpus);

/* ---- Looking ---- */

void fl_cpu_load_init(fl_cpu_load *load);
/* The load since the last sample; a sample younger than SPAN is kept. */
int fl_cpu_load_look(fl_cpu_load *load, int64_t now);

#endif
