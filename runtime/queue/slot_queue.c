/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/queue/slot_queue.h>

#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/spin.h>

enum {
#ifdef FILCH_TINY
    MOST = 8,
    TRIES = 1
#else
    MOST = 4096,
    TRIES = 32 /* looks at a queue that another worker is taking from */
#endif
};

void fl_slot_queue_init(fl_slot_queue *queue)
{
    fl_inbox_init(&queue->entries);
    filch_u64_store(&queue->waiting, 0, FILCH_RELAXED); /* not yet shared */
}

static filch_slot *next(fl_slot_queue *queue)
{
    fl_work_item *entry;
    if (!fl_inbox_take(&queue->entries, &entry, 1))
        return NULL;
    filch_slot *slot = entry->as.slot;
    fl_work_item_give(entry);
    filch_u64_add(&queue->waiting, (uint64_t)-1, FILCH_RELAXED); /* a number */
    return slot;
}

void fl_slot_queue_clear(fl_slot_queue *queue)
{
    while (next(queue))
        ;
}

bool fl_slot_queue_put(fl_slot_queue *queue, filch_slot *slot)
{
    fl_work_item *entry = NULL;
    if (filch_u64_add(&queue->waiting, 1, FILCH_RELAXED) < MOST) /* a number */
        entry = fl_work_item_take();
    if (!entry) {
        filch_u64_add(&queue->waiting, (uint64_t)-1, FILCH_RELAXED); /* a number */
        return false;
    }
    entry->as.slot = slot;
    fl_inbox_put(&queue->entries, entry);
    return true;
}

bool fl_slot_queue_take(fl_slot_queue *queue, fl_worker *worker, fl_work *work)
{
    for (unsigned tries = TRIES; tries && !fl_slot_queue_empty(queue);) {
        filch_slot *slot = next(queue);
        if (slot && fl_offered_take(worker, slot, work))
            return true;
        if (!slot) {
            fl_pause();
            tries--;
        }
    }
    return false;
}

bool fl_slot_queue_empty(fl_slot_queue *queue)
{
    return fl_inbox_empty(&queue->entries);
}

bool fl_slot_queue_offers(fl_slot_queue *queue)
{
    return fl_inbox_offers(&queue->entries);
}

uint64_t fl_slot_queue_length(fl_slot_queue *queue)
{
    return filch_u64_load(&queue->waiting, FILCH_RELAXED); /* a look */
}
