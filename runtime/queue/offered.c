/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/queue/offered.h>

#include <runtime/engine/find_work.h>
#include <runtime/engine/run_work.h>
#include <runtime/engine/steal.h>
#include <sched/forkstack.h>

filch_slot *fl_offer_forked(filch_self self)
{
    filch_slot *slot = self - 1;
    slot->claimed =
        (const filch_task *)filch_ptr_load(&slot->task, FILCH_RELAXED); /* owner's own */
    fl_slot_offer(slot);
    return slot;
}

void fl_offered_run(filch_self self, filch_slot *slot)
{
    if (fl_slot_take(slot))
        fl_run_slot(self, slot, slot->claimed);
}

bool fl_offered_take(fl_worker *worker, filch_slot *slot, fl_work *work)
{
    return fl_slot_take(slot) && fl_took(worker, FL_QUEUE_TAKES, slot, work);
}

enum fl_settled fl_offered_settle(fl_forkstack *stack, filch_slot *slot)
{
    (void)stack;
    return fl_slot_reclaim(slot) ? FL_KEPT : FL_STOLEN;
}

void fl_offered_take_back(fl_forkstack *stack, filch_slot *slot)
{
    (void)stack;
    filch_ptr_store(&slot->state, NULL, FILCH_RELAXED); /* published by the next fork */
}

void fl_offered_flush(fl_worker *worker, fl_forkstack *stack)
{
    (void)worker, (void)stack;
}
