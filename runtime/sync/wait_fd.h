/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Watched files, internal part: the timer thread reports events to them. */
#ifndef FL_WAIT_FD_H
#define FL_WAIT_FD_H

#include <filch/blocking.h>
#include <runtime/sync/wait.h>

/* An event requested with this tag has happened to fd, and is no longer requested. Called by the
 * timer thread, under no lock. */
void fl_watch_happened(int fd, uint32_t tag, uint32_t events);
/* Queues a node whose waiter is called, not resumed, for the library's own files: once, when one of
 * the events happens. Negative errno through fl_fail. */
int fl_watch_start(fl_node *node, int fd, int events);
/* filch_wait_fd for events that are known to be valid. call: the public call that waits, for
 * reports, a literal. */
int fl_wait_fd(const char *call, int fd, int events, int64_t until);
/* In a child of fork(), which has one thread: nobody waits. */
void fl_watch_forget(void);

#endif
