/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/inbox.h>

#include <runtime/platform/memory/sanitizer.h>

void fl_inbox_init(fl_inbox *inbox)
{
    __cds_wfcq_init(&inbox->head, &inbox->tail);
    filch_u32_store(&inbox->draining, 0, FILCH_RELAXED); /* not yet shared */
}

void fl_inbox_put(fl_inbox *inbox, fl_work_item *work_item)
{
    cds_wfcq_node_init(&work_item->node);
    fl_tsan_release(work_item);
    cds_wfcq_enqueue(&inbox->head, &inbox->tail, &work_item->node);
}

/* A queue of the caller's own is laid out, and moved as a whole. */
void fl_inbox_put_all(fl_inbox *inbox, fl_work_item *const *work_items, unsigned count)
{
    struct __cds_wfcq_head head;
    struct cds_wfcq_tail tail;
    __cds_wfcq_init(&head, &tail);
    head.node.next = &work_items[0]->node;
    tail.p = &work_items[count - 1]->node;
    for (unsigned i = 0; i < count; i++) {
        work_items[i]->node.next = i + 1 < count ? &work_items[i + 1]->node : NULL;
        fl_tsan_release(work_items[i]);
    }
    __cds_wfcq_splice_nonblocking(&inbox->head, &inbox->tail, &head, &tail);
}

unsigned fl_inbox_take(fl_inbox *inbox, fl_work_item **work_items, unsigned most)
{
    if (fl_inbox_empty(inbox))
        return 0;
    if (filch_u32_load(&inbox->draining, FILCH_RELAXED) ||      /* a look */
        filch_u32_exchange(&inbox->draining, 1, FILCH_ACQUIRE)) /* BeginDrain */
        return 0;
    unsigned count = 0;
    while (count < most) {
        struct cds_wfcq_node *node = __cds_wfcq_dequeue_nonblocking(&inbox->head, &inbox->tail);
        if (!node || node == CDS_WFCQ_WOULDBLOCK)
            break;
        work_items[count] = (fl_work_item *)node;
        fl_tsan_acquire(work_items[count++]);
    }
    filch_u32_store(&inbox->draining, 0, FILCH_RELEASE); /* EndDrain */
    return count;
}

/* The oldest node comes out if it is the last, or if the one behind it is linked. Draining
 * hides the head for a moment, so the look needs the lock. */
bool fl_inbox_offers(fl_inbox *inbox)
{
    if (fl_inbox_empty(inbox))
        return false;
    if (filch_u32_load(&inbox->draining, FILCH_RELAXED) ||      /* a look */
        filch_u32_exchange(&inbox->draining, 1, FILCH_ACQUIRE)) /* BeginDrain */
        return true;
    struct cds_wfcq_node *oldest = __cds_wfcq_first_nonblocking(&inbox->head, &inbox->tail);
    bool offers =
        oldest && oldest != CDS_WFCQ_WOULDBLOCK &&
        __cds_wfcq_next_nonblocking(&inbox->head, &inbox->tail, oldest) != CDS_WFCQ_WOULDBLOCK;
    filch_u32_store(&inbox->draining, 0, FILCH_RELEASE); /* EndDrain */
    return offers;
}

bool fl_inbox_empty(fl_inbox *inbox)
{
    return cds_wfcq_empty(&inbox->head, &inbox->tail);
}
