/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The CPU of a guest. Workers may be pinned, one to a CPU; the calling thread is not. If the system has
 * put it on the CPU of a worker that works beside it, the two take turns there, while the CPU of the
 * worker that it borrowed idles. The system's balance comes late: each of the two sleeps or waits for
 * some microseconds at a time, so a region of 40 us took 120 us, for tens of milliseconds. So a guest
 * whose turn begins on such a CPU, or that comes to a fork's slow path there, moves to the CPU of its
 * worker: its affinity mask is narrowed for a moment. It stays where it is if its mask does not allow that CPU, if workers float, or if
 * no worker is pinned to its own. A move takes about 10 us, and is tried again after a millisecond
 * at the earliest. */
#ifndef FL_GUEST_CPU_H
#define FL_GUEST_CPU_H

#include <runtime/engine/worker.h>

/* By the guest that works in the worker's place. */
void fl_guest_keep_apart(fl_worker *worker);

#endif
