/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How long a worker has worked, searched, slept and been retired. The worker switches from one to
 * the next; any thread reads, the current stretch included, and neither waits for the other: a
 * worker that computes for hours shows in each reading. The clock comes through arguments.
 *
 * A stretch begins in one word, `since`, which also holds its kind, and is added to `spent` when it
 * ends. So whenever `since` is not being changed, the sum of `spent` is exactly the time from the
 * beginning to `since`. A reader must not count a stretch twice, in `spent` and as the current one:
 * it looks at `since` before and after, and the writer makes it 0 meanwhile. (H. Boehm, Can
 * seqlocks get along with programming language memory models?, MSPC 2012, has the orders; the value
 * itself is the sequence number here. If it is the same again, no time has passed in between.)
 *
 *   ClearSince, turn: store since 0, relaxed,       -> ReadSpent, look: load spent, acquire; the
 *      before store spent, release                     next look at since sees that it has
 *                                                      changed
 *   ShowSince, turn: store since, release           -> ReadSince, look: load since, acquire; it
 *                                                      sees `spent` of all stretches before
 *
 * A worker reads the clock before it switches, so a reader in between may show slightly too much
 * time of the old kind. `shown` keeps the most that any reader has shown, so no figure ever falls;
 * it is a moment ahead then. Only readers write it; numbers need no order between each other. */
#ifndef FL_TIMES_H
#define FL_TIMES_H

#include <filch/atomic.h>

#include <stdbool.h>

enum fl_doing { FL_WORKING, FL_SEARCHING, FL_SLEEPING, FL_RETIRED, FL_DOINGS };

typedef struct fl_times {
    filch_u64 since;            /* ns * FL_DOINGS + enum fl_doing; 0: it is being changed */
    filch_u64 spent[FL_DOINGS]; /* ns, of stretches that have ended */
    char apart[FILCH_APART];
    filch_u64 shown[FL_DOINGS]; /* ns; readers' */
} fl_times;

/* Nanoseconds, from 1 up; never falls within a thread. */
typedef int64_t fl_times_clock(void);

/* Not yet shared; all else zero bytes. */
void fl_times_begin(fl_times *times, enum fl_doing doing, int64_t now);
/* Its worker: from `now` on it does `doing`, which may be the same as before. */
void fl_times_turn(fl_times *times, enum fl_doing doing, int64_t now);
/* Any thread: its current activity; FL_DOINGS: it is changing. */
enum fl_doing fl_times_doing(const fl_times *times);
/* Any thread: the time spent up to now. false: the worker kept switching during the look. */
bool fl_times_look(const fl_times *times, fl_times_clock *clock, uint64_t spent[FL_DOINGS]);
/* Any thread: the same, and never less than any thread has read before. */
void fl_times_read(fl_times *times, fl_times_clock *clock, uint64_t spent[FL_DOINGS]);

#endif
