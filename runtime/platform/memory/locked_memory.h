/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * After mlockall(MCL_FUTURE) each mapping counts against the limit of locked memory
 * (RLIMIT_MEMLOCK), which is low for most users; the system's error is then the same as for any
 * lack of memory or threads. */
#ifndef FL_LOCKED_MEMORY_H
#define FL_LOCKED_MEMORY_H

/* Returns the result of a creation unchanged. If it is -ENOMEM or -EAGAIN, and new memory is locked
 * under a limit, filch_error() says so as well. */
int fl_locked_explain(int rc);

#endif
