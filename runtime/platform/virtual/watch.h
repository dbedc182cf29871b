/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The watch over virtual threads: names one that has run for a second without a decision point, since
 * a loop that waits for another thread without one never ends.
 *
 * A thread of its own looks at two words each second. It has no baton, and decides nothing. */
#ifndef FL_WATCH_H
#define FL_WATCH_H

#include <filch/atomic.h>

#include <stdint.h>

/* points: the decision points so far. Errors through fl_fail: -EAGAIN. */
int fl_virtual_watch_begin(const filch_u64 *points);
/* That thread runs from now on. */
void fl_virtual_watch_runs(uint32_t number);

#endif
