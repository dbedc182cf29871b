/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/for.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/range.h>
#include <runtime/par/split.h>
#include <runtime/platform/error.h>

#include <errno.h>
#include <stdint.h>

typedef struct for_call {
    size_t begin, end, hint;
    filch_for_fn *body;
    void *context;
} for_call;

static int chunk(filch_self self, size_t begin, size_t end, void *context, void *sum)
{
    (void)sum;
    const for_call *call = context;
    return call->body(self, begin, end, call->context);
}

FILCH_TASK(int, run_for, (const for_call *, call))
{
    fl_loop loop = {.chunk = chunk,
                    .context = (void *)call,
                    .hint = call->hint,
                    .site = (const void *)(uintptr_t)call->body};
    return fl_loop_run(self, &loop, call->begin, call->end, NULL);
}

static int refuse(const for_call *call)
{
    int rc = fl_range_refuse("filch_for", call->begin, call->end);
    if (!rc && !call->body)
        rc = fl_fail(EINVAL, "filch_for without a body; pass one");
    return rc;
}

int filch_for(filch_self self, size_t begin, size_t end, size_t hint, filch_for_fn *body,
              void *context)
{
    for_call call = {begin, end, hint, body, context};
    int rc = refuse(&call);
    return rc ? rc : fl_enter("filch_for", self, NULL, &run_for_task, &call);
}

int filch_run_for(filch_runtime *rt, size_t begin, size_t end, size_t hint, filch_for_fn *body,
                  void *context)
{
    for_call call = {begin, end, hint, body, context};
    int rc = refuse(&call);
    return rc ? rc : fl_enter("filch_for", NULL, rt, &run_for_task, &call);
}
