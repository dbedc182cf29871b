/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reductions: loops of the splitter that sum up. The result is moved to the caller's place last, so
 * that a stopped loop leaves that place untouched. */
#include <filch/reduce.h>
#include <runtime/engine/panic.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/range.h>
#include <runtime/par/reduce.h>
#include <runtime/par/split.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <stdlib.h>

enum { ROOM = 64 }; /* bytes of a sum that a frame has room for */

typedef struct reduce_call {
    size_t begin, end, hint;
    const filch_reduction *how;
    void *out, *context;
    bool starved; /* there was no memory for the caller's own sum */
    void *sum;    /* the caller's own */
} reduce_call;

static void drop(void *arg)
{
    const reduce_call *call = arg;
    if (call->how->drop)
        call->how->drop(call->context, call->sum);
}

static int reduce_into(filch_self self, reduce_call *call, void *sum)
{
    const filch_reduction *how = call->how;
    const fl_sums sums = {how->size, how->make, how->join, how->drop};
    fl_loop loop = {.chunk = how->chunk,
                    .context = call->context,
                    .hint = call->hint,
                    .sums = &sums,
                    .site = (const void *)(uintptr_t)how->chunk};
    call->starved = !how->make(call->context, sum);
    if (call->starved)
        return -ENOMEM;
    call->sum = sum;
    FL_ON_PANIC(drop, call);
    int code = fl_loop_run(self, &loop, call->begin, call->end, sum);
    if (!code)
        memcpy(call->out, sum, how->size);
    else
        drop(call);
    return code;
}

FILCH_TASK(int, run_reduce, (reduce_call *, call))
{
    char room[ROOM] FILCH_ALIGNED(16);
    if (call->how->size <= ROOM)
        return reduce_into(self, call, room);
    void *sum = malloc(call->how->size);
    FILCH_DEFER(free, sum);
    call->starved = !sum;
    return sum ? reduce_into(self, call, sum) : -ENOMEM;
}

int fl_reduce_refuse(const char *who, size_t begin, size_t end, const filch_reduction *how,
                     const void *out)
{
    int rc = fl_range_refuse(who, begin, end);
    if (rc)
        return rc;
    if (!how || !how->size || !how->make || !how->chunk || !how->join)
        return fl_fail(EINVAL,
                       "%s without a size or a function to make, chunk or join; all four "
                       "are needed",
                       who);
    if (!out)
        return fl_fail(EINVAL, "%s with no address for the result; pass one", who);
    return 0;
}

int fl_reduce_told(const char *who, const filch_reduction *how, bool starved, int rc)
{
    if (starved)
        return fl_fail(ENOMEM, "%s: no memory for results of %zu bytes; free some", who, how->size);
    return rc;
}

static int reduce(filch_self self, filch_runtime *rt, reduce_call *call)
{
    const char *who = "filch_reduce";
    int rc = fl_reduce_refuse(who, call->begin, call->end, call->how, call->out);
    if (rc)
        return rc;
    rc = fl_enter(who, self, rt, &run_reduce_task, call);
    return fl_reduce_told(who, call->how, call->starved, rc);
}

int filch_reduce(filch_self self, size_t begin, size_t end, size_t hint, const filch_reduction *how,
                 void *out, void *context)
{
    FL_GIVEN(how);
    return reduce(self, NULL, &(reduce_call){begin, end, hint, how, out, context, false, NULL});
}

int filch_run_reduce(filch_runtime *rt, size_t begin, size_t end, size_t hint,
                     const filch_reduction *how, void *out, void *context)
{
    FL_GIVEN_IN("filch_reduce", how);
    return reduce(NULL, rt, &(reduce_call){begin, end, hint, how, out, context, false, NULL});
}
