/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * fork(): the parent is untouched; in the child no worker exists, so its copies of the parent's
 * runtimes refuse every call by name, and it may create runtimes of its own. */
#ifndef FL_ATFORK_H
#define FL_ATFORK_H

/* Registers the handlers, once per process; negative errno through fl_fail. */
int fl_fork_prepare(void);
/* How many forks lie between the first process and this one. A runtime of another generation is
 * somebody else's. */
unsigned fl_fork_generation(void);

/* Between these nobody forks: around what enlists a thread at liburcu or strikes it off. Any thread;
 * another one may release. */
void fl_fork_hold(void);
void fl_fork_release(void);

#endif
