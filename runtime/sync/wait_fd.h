/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Watched files from within: what the keeper tells them. */
#ifndef FL_WAIT_FD_H
#define FL_WAIT_FD_H

#include <filch/io.h>
#include <runtime/sync/wait.h>

/* Something that was asked for with this tag has happened to fd, and is not asked for any more. The
 * keeper's thread, under no lock. */
void fl_watch_happened(int fd, uint32_t tag, uint32_t events);
/* A node, whose waiter is not resumed but called, for the library's own files: once, when one of the
 * events happens. Negative errno through fl_fail. */
int fl_watch_start(fl_node *node, int fd, int events);
/* In a child of fork(), which has one thread: nobody waits. */
void fl_watch_forget(void);

#endif
