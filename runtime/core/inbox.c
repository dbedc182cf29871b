/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/inbox.h>

#include <runtime/core/sanitizer.h>

void fl_inbox_init(fl_inbox *inbox)
{
    __cds_wfcq_init(&inbox->head, &inbox->tail);
    filch_u32_store(&inbox->draining, 0, FILCH_RELAXED); /* not yet shared */
}

void fl_inbox_put(fl_inbox *inbox, fl_job *job)
{
    cds_wfcq_node_init(&job->node);
    fl_order_release(job);
    cds_wfcq_enqueue(&inbox->head, &inbox->tail, &job->node);
}

/* A queue of the caller's own is laid out, and moved as a whole. */
void fl_inbox_put_all(fl_inbox *inbox, fl_job *const *jobs, unsigned count)
{
    struct __cds_wfcq_head head;
    struct cds_wfcq_tail tail;
    __cds_wfcq_init(&head, &tail);
    head.node.next = &jobs[0]->node;
    tail.p = &jobs[count - 1]->node;
    for (unsigned i = 0; i < count; i++) {
        jobs[i]->node.next = i + 1 < count ? &jobs[i + 1]->node : NULL;
        fl_order_release(jobs[i]);
    }
    __cds_wfcq_splice_nonblocking(&inbox->head, &inbox->tail, &head, &tail);
}

unsigned fl_inbox_take(fl_inbox *inbox, fl_job **jobs, unsigned most)
{
    if (fl_inbox_empty(inbox))
        return 0;
    if (filch_u32_load(&inbox->draining, FILCH_RELAXED) ||      /* a look */
        filch_u32_exchange(&inbox->draining, 1, FILCH_ACQUIRE)) /* X2 */
        return 0;
    unsigned count = 0;
    while (count < most) {
        struct cds_wfcq_node *node = __cds_wfcq_dequeue_nonblocking(&inbox->head, &inbox->tail);
        if (!node || node == CDS_WFCQ_WOULDBLOCK)
            break;
        jobs[count] = (fl_job *)node;
        fl_order_acquire(jobs[count++]);
    }
    filch_u32_store(&inbox->draining, 0, FILCH_RELEASE); /* X1 */
    return count;
}

bool fl_inbox_empty(fl_inbox *inbox)
{
    return cds_wfcq_empty(&inbox->head, &inbox->tail);
}
