/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/queue/queues.h>
#include <sched/queue.h>

const fl_queue *const fl_queues[] = {
    &fl_queue_chase_lev,
    &fl_queue_chase_lev_outline,
    &fl_queue_chase_lev_fenced,
    &fl_queue_the,
    &fl_queue_abp,
    &fl_queue_private_split,
    &fl_queue_private_request,
    &fl_queue_central_mutex,
    &fl_queue_central_lockfree,
    &fl_queue_sharing,
    NULL,
};
