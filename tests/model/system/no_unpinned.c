/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No model calls filch_unpinned. */
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>

void fl_unpinned_end(fl_fiber *fiber)
{
    (void)fiber;
}

void fl_unpinned_suspends(const fl_fiber *fiber)
{
    (void)fiber;
    filch_die("no model is in filch_unpinned");
}
