/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How long a worker has worked, searched, slept and been retired. Its worker turns from one to the
 * next; anybody reads, the stretch in progress included, and nobody waits: a worker that computes for
 * hours shows in each reading. The clock comes through arguments.
 *
 * A stretch begins in one word, `since`, that holds its kind as well, and is added to `spent` when it
 * ends. So whenever `since` is not being changed, the sum of `spent` is the time from the beginning
 * to `since`, exactly. A reader must not see `spent` with a stretch that it takes for one in progress
 * as well: it looks at `since` before and after, and the writer makes it 0 meanwhile. (H. Boehm, Can
 * seqlocks get along with programming language memory models?, MSPC 2012, has the orders; the value
 * itself is the sequence number here. If it is the same again, no time has passed in between.)
 *
 *   O3 turn: store since 0, relaxed, before         -> O4 look: load spent, acquire; the look at since
 *      store spent, release                            that follows sees that it is another
 *   O5 turn: store since, release                   -> O6 look: load since, acquire; it sees `spent` of
 *                                                      all stretches before
 *
 * A worker reads the clock before it turns, so a reader may come in between and show some time of the
 * old kind too many. `shown` keeps the most that any reader has shown, so that no figure ever falls;
 * it is a moment ahead then. Readers alone write it; no order is needed between numbers. */
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

/* Nanoseconds, from 1 up, that never fall for a thread. */
typedef int64_t fl_times_clock(void);

/* Nobody else knows it yet; all else zero bytes. */
void fl_times_begin(fl_times *times, enum fl_doing doing, int64_t now);
/* Its worker, from now on: it is doing something else, or the same. */
void fl_times_turn(fl_times *times, enum fl_doing doing, int64_t now);
/* Anybody: what has been spent up to now. false: its worker has been turning all the while. */
bool fl_times_look(const fl_times *times, fl_times_clock *clock, uint64_t spent[FL_DOINGS]);
/* Anybody: the same, and never less than anybody has read before. */
void fl_times_read(fl_times *times, fl_times_clock *clock, uint64_t spent[FL_DOINGS]);

#endif
