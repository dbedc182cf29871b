/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work items that one thread hands over to runtimes, those for one runtime together: one exchange
 * of its inbox, one fence and one wake-up for up to FL_BATCH_ROOM work items. The order of the work
 * items is kept. Fibers that go on are kept apart from other work items (fl_submit_all_across).
 * Threads: its owner's. */
#ifndef FL_BATCH_H
#define FL_BATCH_H

#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>

enum { FL_BATCH_ROOM = 64 };

typedef struct fl_batch {
    fl_runtime *rt; /* of all its work items */
    unsigned count;
    fl_work_item *work_items[FL_BATCH_ROOM];
} fl_batch;

/* Hands over the work items in it, if any. */
static inline void fl_batch_submit(fl_batch *batch)
{
    if (batch->count)
        fl_submit_all_across(batch->rt, batch->work_items, batch->count, FL_NEAR_BLOCKS);
    batch->count = 0;
}

static inline void fl_batch_add(fl_batch *batch, fl_runtime *rt, fl_work_item *work_item)
{
    if (batch->count == FL_BATCH_ROOM || (batch->count && batch->rt != rt))
        fl_batch_submit(batch);
    batch->rt = rt;
    batch->work_items[batch->count++] = work_item;
}

#endif
