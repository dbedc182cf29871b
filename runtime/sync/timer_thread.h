/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The timer thread: one per process, started on first use. It sleeps until the earliest timer, or
 * until an event of a watched file. Deadlines hold even while all workers compute. It does nothing
 * that waits.
 *
 * Each round it takes some due timers and some file events, so that neither waits for all of the
 * other. It sleeps in epoll_pwait2 (Linux 5.11; where that is missing, in ppoll, which is as
 * exact). A thread that starts a timer due before the end of its sleep wakes it by its eventfd
 * (runtime/sync/timer_shards.h).
 *
 * Edges:
 *   ShowRunning, started: store running, release    -> ReadRunning: load running, acquire; its
 *                                                      files are open
 * Locks: its own is taken by starts and by fork(), before those of the timers' shards.
 *
 * fork(): the child has no timer thread; its first timer starts one. Pending timers belong to the
 * parent; in the child nothing is pending. */
#ifndef FL_TIMER_THREAD_H
#define FL_TIMER_THREAD_H

#include <stdint.h>

/* Starts it unless it runs. -EAGAIN, -EMFILE, -ENOMEM through fl_fail. Any thread. */
int fl_timer_thread_start(void);

/* It runs, and looks at all timers again before it sleeps on. Any thread. */
void fl_timer_thread_wake(void);

/* epoll_ctl on the timer thread's epoll; negative errno, -ENOENT if it has not been started. It
 * reports events to fl_watch_happened (runtime/sync/wait_fd.h) with this tag. Any thread. */
int fl_timer_thread_watch(int operation, int fd, uint32_t events, uint32_t tag);

#endif
