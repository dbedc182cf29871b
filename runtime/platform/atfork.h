/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * fork(): the parent is untouched; in the child no worker exists, so its copies of the parent's
 * runtimes refuse every call by name, and it may create runtimes of its own. */
#ifndef FL_ATFORK_H
#define FL_ATFORK_H

/* Registers the handlers, once per process; negative errno through fl_fail. */
int fl_fork_prepare(void);
/* The number of forks between the first process and this one. A runtime of another generation
 * belongs to another process. */
unsigned fl_fork_generation(void);

/* Between these calls no thread forks. They enclose registering and unregistering a thread with
 * liburcu. Any thread; another one may release. */
void fl_fork_hold(void);
void fl_fork_release(void);
/* The same from near the end of the calling thread, which may not come: exit() runs the same
 * destructors, and functions of atexit() after them may fork. */
void fl_fork_hold_to_end(void);
void fl_fork_release_at_end(void);

#endif
