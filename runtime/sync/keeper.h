/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The keeper: one thread of the process, started on first use, that sleeps until the earliest
 * timer, or until something happens to a file that somebody waits for. Workers may all compute
 * meanwhile: deadlines hold. It does nothing that waits.
 *
 * Each round it takes some due timers and some events of files, so that neither waits for all of
 * the other. It sleeps in epoll_pwait2 (Linux 5.11; where that is missing, in ppoll, which is as
 * exact). Whoever starts a timer that is earlier than what it sleeps for rings its eventfd:
 * `sleeps_until` is written and read under the lock, so that no ring is lost.
 *
 * Edges:
 *   Y1 started: store running, release  -> Y2 load running, acquire; its files are open
 * Locks: under the keeper's, those of a channel (a ticker's) may be taken; never the other way
 * round.
 *
 * fork(): the child has no keeper; its first timer starts one. What was pending belongs to the
 * parent: in the child it is not. */
#ifndef FL_KEEPER_H
#define FL_KEEPER_H

#include <runtime/sync/timer.h>

#include <stdint.h>

/* Starts it unless it runs. -EAGAIN, -EMFILE, -ENOMEM through fl_fail. Any thread. */
int fl_keeper_start(void);

/* The time of the earliest timer; INT64_MAX: none is pending. Any thread. */
int64_t fl_keeper_next(void);

/* epoll_ctl on the keeper's epoll; negative errno, -ENOENT if it has not been started. What happens is
 * told to fl_watch_happened (runtime/sync/wait_fd.h) with this tag. Any thread. */
int fl_keeper_watch(int operation, int fd, uint32_t events, uint32_t tag);

#endif
