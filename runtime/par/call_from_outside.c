/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/par/call_from_outside.h>

#include <runtime/platform/error.h>

#include <errno.h>

static int run_outside(const char *who, filch_runtime *rt, const filch_task *task, filch_slot *slot)
{
    if (!rt)
        return fl_fail(EINVAL, "%s without the self of a task and without a runtime; pass one",
                       who);
    int rc = fl_run_at(rt, task, slot, NULL, 0);
    if (rc == -EDEADLK)
        return fl_fail(EDEADLK,
                       "%s on a worker of the same runtime, as if from outside; give it the task's "
                       "self: name(self, ...) for FILCH_RUN(rt, name, ...)",
                       who);
    return rc;
}

int fl_enter(const char *who, filch_self self, filch_runtime *rt, const filch_task *task,
             void *call)
{
    filch_slot slot;
    int result;
    memcpy(slot.args, &call, sizeof call);
    if (self) {
        task->run(self, &slot);
    } else {
        int rc = run_outside(who, rt, task, &slot);
        if (rc)
            return rc;
    }
    memcpy(&result, slot.args, sizeof result);
    if (result)
        fl_fail(0, "%s: its body stopped it with %d", who, result);
    return result;
}
