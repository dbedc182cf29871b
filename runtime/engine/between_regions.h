/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Workers between two regions: how long a search that finds nothing goes on beyond the least number
 * of rounds (sched/rounds.h). A worker whose last work was another's, so that a region is being
 * shared, searches for as long as sched/warm.h says.
 *
 * During a phase (filch_phase_begin) all but one search on, also after other work, for FL_PHASE at
 * most. The one sleeps, so that a calling thread finds a place to work in (runtime/engine/guest.h).
 *
 * A worker that sleeps in such a gap asks for the time at which a waker wakes it, and the waker
 * leaves it (before UnparkSleeper of runtime/engine/park.c). From it the worker learns how long
 * that took, and how long the gap was. This is relaxed and no step of any protocol: if two wakers
 * meet, either time will do, and a worker that takes the token of another one's wake-up finds none
 * and learns nothing. Other wake-ups are not timed: both clocks are read while somebody waits, and
 * they took a tenth of the latency of a job. */
#ifndef FL_BETWEEN_REGIONS_H
#define FL_BETWEEN_REGIONS_H

#include <runtime/engine/worker.h>
#include <runtime/platform/spin.h>

enum {
    FL_PHASE = 100000000, /* ns */
    FL_GAP_ASKS = 1       /* in woken_at: the worker asks for the time; 0: it does not */
};

/* A search, for as long as it finds nothing. */
typedef struct fl_gap {
    fl_spin spin;
    int64_t searched; /* ns: how long it searches */
    int64_t phase;    /* ns: until when a phase holds it; 0: none does */
    unsigned full;    /* looks in a row at which no place for a guest was there */
    bool counts;      /* as a gap between two regions */
} fl_gap;

fl_gap fl_gap_begin(const fl_worker *worker);
/* After an unsuccessful round, and a pause: does another one begin? */
bool fl_gap_lasts(const fl_worker *worker, fl_gap *gap);
/* It found something. */
void fl_gap_ends(fl_worker *worker, const fl_gap *gap);
/* It did not; the worker sleeps next. */
void fl_gap_sleep(fl_worker *worker, const fl_gap *gap);

/* By a waker: it is about to wake that worker. */
void fl_gap_wakes(fl_worker *worker);
/* By the worker that was woken, before it searches. */
void fl_gap_woken(fl_worker *worker);

#endif
