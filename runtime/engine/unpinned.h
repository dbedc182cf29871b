/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * filch_unpinned: a task's worker goes home (runtime/platform/affinity.h) while a function starts
 * threads or processes. The mask belongs to the thread, so the fiber must stay on it: suspending
 * inside is refused. fl_worker.unpinned names the fiber; only its own thread touches it. */
#ifndef FL_UNPINNED_H
#define FL_UNPINNED_H

#include <filch/base.h>

struct fl_fiber;

/* The fiber leaves filch_unpinned: it has returned, or a panic that began inside ends outside. Does
 * nothing if the fiber is not in it. */
void fl_unpinned_end(struct fl_fiber *fiber);
/* Dies: the fiber, which is in filch_unpinned, is about to suspend. */
FILCH_NORETURN FILCH_COLD void fl_unpinned_suspends(const struct fl_fiber *fiber);

#endif
