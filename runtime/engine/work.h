/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The result of a search: filled in by find, steal and the queues, and run by execute. */
#ifndef FL_WORK_H
#define FL_WORK_H

#include <filch/task.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/work_item.h>

enum fl_work_kind { FL_WORK_SLOT, FL_WORK_RANGE, FL_WORK_FIBER, FL_WORK_JOB };
typedef struct fl_work {
    enum fl_work_kind kind;
    filch_slot *slot;        /* SLOT, RANGE: the first */
    const filch_task *task;  /* SLOT */
    uint32_t count;          /* RANGE */
    bool gift;               /* SLOT, RANGE: given by an owner; counts for the profit rule */
    bool offered;            /* RANGE: each slot must be taken before it is run */
    fl_fiber *fiber;         /* FIBER */
    fl_work_item *work_item; /* JOB */
} fl_work;

#endif
