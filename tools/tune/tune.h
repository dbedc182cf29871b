/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Types that the parts of `filch tune` share: options choose the measurements, a report holds their
 * results.
 *
 *   options.c   command line -> options
 *   width.c     how many jobs in progress
 *   queue.c     how many may wait
 *   table.c     report -> text
 *
 * One thread; nothing here creates a runtime in this process: each measurement runs in a child
 * process of its own (apart.c), whose memory and threads are those of the measurement. */
#ifndef TUNE_H
#define TUNE_H

#include "apart.h"
#include "fit.h"
#include "load.h"

#include <stdbool.h>
#include <stdio.h>

enum {
    TUNE_LIST = 24,
    TUNE_REPEATS = 50,
    TUNE_MOST_WIDTH = 4096,
    TUNE_DEFAULT_WIDTH = 256, /* no wider without being asked */
    TUNE_MOST_JOBS = 200000
};

/* Above this part of the machine, other programs spoil a measurement. */
#define TUNE_DISTURBED 0.05

typedef enum tune_part { TUNE_WIDTH, TUNE_QUEUE, TUNE_PARTS } tune_part;
extern const char *const tune_part_names[TUNE_PARTS + 1]; /* closed by NULL */

/* Ascending, each number once. */
typedef struct tune_list {
    unsigned at[TUNE_LIST];
    size_t count;
} tune_list;

typedef struct tune_options {
    bool parts[TUNE_PARTS];
    unsigned named; /* a place in tune_loads */
    tune_load load;
    tune_list widths, capacities;
    unsigned width;  /* of the pool whose queue is measured; 0: as the first part recommends */
    unsigned rate;   /* arrivals a second; 0: for four fifths of what the pool can do */
    double rejected; /* the share that may be rejected */
    unsigned repeat; /* 0: as often as the time allows */
    bool quick;
    unsigned cores; /* workers of a default runtime */
} tune_options;

typedef struct width_sample {
    double jobs;
    double seconds;     /* of all of them */
    double cpu_seconds; /* of the process while jobs were in progress together */
    double waited;      /* seconds, by the jobs' own clock, in sum */
} width_sample;

typedef struct width_cell {
    unsigned width, threads;
    width_sample samples[TUNE_REPEATS];
    unsigned count;
    apart_facts facts;
    spread throughput, speed_up; /* jobs a second; over width 1, round by round */
} width_cell;

typedef struct width_report {
    width_cell cells[TUNE_LIST];
    size_t count;
    double busy;  /* of what a job takes at width 1, the share that it computes and does not wait */
    double fills; /* by that, so many jobs keep all cores busy */
    amdahl fit;   /* over min(width, fills) */
    load_kind kind;
    size_t recommended; /* place in cells */
    bool grows;         /* the widest was the best by far: wider may be better */
} width_report;

typedef struct queue_sample {
    double offered, rejected; /* arrivals */
    double in_system;  /* L: mean of jobs waiting and in progress, looked at again and again */
    double arrivals;   /* lambda: accepted a second */
    double seconds_in; /* W: mean from submission to end, by the jobs' own clock */
    double by_little;  /* lambda * W, which should be L */
    double service;    /* mean from start to end */
    double wait_50, wait_99; /* from submission to start */
    double late_99;          /* arrivals behind their time */
} queue_sample;

typedef struct queue_cell {
    unsigned capacity;
    queue_sample samples[TUNE_REPEATS];
    unsigned count;
    apart_facts facts;
    queue_sample median; /* of each field */
    double share;        /* of all arrivals, those rejected */
    spread rejected;     /* the same of each sample */
    spread seconds_in;
    spread little; /* little_difference */
} queue_cell;

typedef struct queue_report {
    queue_cell cells[TUNE_LIST];
    size_t count;
    unsigned width;
    double rate;
    double load;        /* arrivals offered, times the measured time of a job, per place */
    bool measured;      /* there is something to conclude from */
    size_t recommended; /* place in cells; count: none is enough */
} queue_report;

typedef struct tune_report {
    const tune_options *options;
    width_report width;
    queue_report queue;
    double seconds;                  /* the whole job */
    double noise_median, noise_most; /* how far samples of the same thing lay apart */
    double other;                    /* share of the machine that other programs took */
} tune_report;

/* Fills *out or ends the process: 0 after --help, 2 with a sentence on stderr. */
void tune_parse_options(tune_options *out, int argc, char **argv);

/* Each measures and judges one part; failures stand in the cells' facts. */
void tune_measure_width(tune_report *r);
void tune_measure_queue(tune_report *r);
/* From all cells: the noise. */
void tune_judge_noise(tune_report *r);

/* So many threads of a runtime serve a pool of that width. */
unsigned tune_threads(const tune_options *o, unsigned width);

/* Calls measure(r, cell, round) for each cell in turns, round by round: --repeat times, or as the
 * part's time allows. A cell whose facts hold an error is left out from then on. */
typedef void tune_measure_fn(tune_report *r, size_t cell, unsigned round);
typedef apart_facts *tune_facts_fn(tune_report *r, size_t cell);
void tune_rounds(tune_report *r, tune_part part, size_t cells, tune_facts_fn *facts,
                 tune_measure_fn *measure);

/* Calls see for each cell: its name, its facts, and the spread of what was measured. */
typedef void tune_see_fn(const char *label, const apart_facts *facts, spread what, void *context);
void tune_each(tune_report *r, tune_see_fn *see, void *context);

void tune_write_table(const tune_report *r, FILE *out);

#endif
