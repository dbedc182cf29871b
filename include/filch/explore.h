/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Decision points for the exploration of schedules. For engineers whose program fails once a week
 * (docs/explore.md).
 *
 * With FILCH_VIRTUAL=k in the environment, a runtime has k virtual workers: threads of which one
 * runs at a time, and the seed FILCH_SEED decides at each decision point which one goes on. The same
 * seed gives the same interleaving. `filch explore` searches the seeds for a failing one.
 *
 * Forks, joins, locks and waits of Filch are decision points already. A program adds its own where
 * it reads and writes shared memory without them, in particular in a loop that waits for a variable:
 *
 *   while (!atomic_load(&ready))
 *       filch_explore_point();
 *
 * A loop that sees nothing new for 16 rounds lets another virtual worker go on.
 *
 * Memory accesses become decision points by themselves in a program that is compiled with
 * -fsanitize=thread and linked with libfilch-points instead of that sanitizer's library.
 *
 * Threads: tasks, and the thread that created the first runtime. Suspends: no task; another virtual
 * worker may run meanwhile. Without FILCH_VIRTUAL nothing happens. Errors: none.
 * Since 0.1.0. */
#ifndef FILCH_EXPLORE_H
#define FILCH_EXPLORE_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>

#include <stddef.h>

FILCH_BEGIN_DECLS

/* A decision point. */
FILCH_API void filch_explore_point(void);

/* Kinds of accesses, combined by |; 0: a plain read. */
enum { FILCH_EXPLORE_WRITES = 1, FILCH_EXPLORE_ATOMIC = 2 };

/* A decision point before an access to `size` bytes at `address`, for instrumented programs.
 * place: the address of the instruction, for reports. The access follows at once. */
FILCH_API void filch_explore_access(const void *address, size_t size, unsigned kind,
                                    const void *place);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
