/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The door for threads outside: runs a parallel algorithm as one task of the runtime. */
#ifndef FL_ENTER_H
#define FL_ENTER_H

#include <filch/task.h>

/* Runs task(self, call), which returns an int, and waits; returns that, or an error of filch_run.
 * Any thread but a worker of rt. */
static inline int fl_enter(filch_runtime *rt, const filch_task *task, void *call)
{
    filch_slot slot;
    int result;
    memcpy(slot.args, &call, sizeof call);
    int rc = filch_run(rt, task, &slot);
    if (rc)
        return rc;
    memcpy(&result, slot.args, sizeof result);
    return result;
}

#endif
