/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The file of a schedule: the switches of a run with virtual workers, written by the library
 * (FILCH_EXPLORE=record=FILE), read by it (replay=FILE) and by `filch explore`.
 *
 * A header, then one entry for each switch, in the order of the run. Numbers have the byte order of
 * the machine. The file is mapped memory: it holds all switches up to the death of the process. */
#ifndef FL_SCHEDULE_FILE_H
#define FL_SCHEDULE_FILE_H

#include <stdint.h>

#define FL_SCHEDULE_MAGIC "FILCHSCH"
enum { FL_SCHEDULE_VERSION = 1 };

/* How the run ended. */
enum fl_schedule_end {
    FL_SCHEDULE_DIED,       /* by a signal, an abort, or exit before the end; or it still runs */
    FL_SCHEDULE_DONE,       /* the process ended by itself */
    FL_SCHEDULE_DEADLOCK,   /* no thread could run */
    FL_SCHEDULE_NO_PROGRESS /* more decision points than limit=N allows */
};

/* The reason why a thread stopped. */
enum fl_schedule_why {
    FL_SCHEDULE_PREEMPTED, /* at a decision point */
    FL_SCHEDULE_WAITS,     /* it waits for another thread or for a time */
    FL_SCHEDULE_SPINS,     /* it spins, or yielded */
    FL_SCHEDULE_LEAVES     /* it has ended */
};

typedef struct fl_schedule_header {
    char magic[8];
    uint32_t version, workers;
    uint64_t seed;
    uint64_t points;   /* decision points of all threads */
    uint64_t switches; /* entries that follow; more may have happened: see `lost` */
    uint32_t ended;    /* enum fl_schedule_end */
    uint32_t lost;     /* 1: the file was full */
} fl_schedule_header;

/* Thread `from` stops at its decision point number `point`, counted from 1, and `to` goes on.
 * Threads are numbered in the order of their creation: 0 created the first runtime. */
typedef struct fl_schedule_entry {
    uint32_t from, to;
    uint64_t point;
    uint64_t place; /* of the decision point: its distance from the beginning of the program, as
                       addr2line counts; 0: unknown */
    uint32_t why;   /* enum fl_schedule_why */
    uint32_t usual; /* 1: a replay makes the same switch without this entry */
} fl_schedule_entry;

#endif
