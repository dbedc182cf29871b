/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * All queues; sched/queue.h has their interface, and queues.c the table. */
#ifndef FL_QUEUES_H
#define FL_QUEUES_H

#include <sched/queue.h>

extern const fl_queue fl_queue_chase_lev;
extern const fl_queue fl_queue_chase_lev_outline;
extern const fl_queue fl_queue_chase_lev_fenced;
extern const fl_queue fl_queue_central_mutex;
extern const fl_queue fl_queue_central_lockfree;
extern const fl_queue fl_queue_sharing;
extern const fl_queue fl_queue_the;
extern const fl_queue fl_queue_abp;
extern const fl_queue fl_queue_private_split;
extern const fl_queue fl_queue_private_request;

#endif
