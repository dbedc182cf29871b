/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scans: the caller scans, helpers sum up ahead of it (runtime/par/ordered_pass.h). */
#include <filch/panic.h>
#include <filch/scan.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/ordered_pass.h>
#include <runtime/par/range.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <stdlib.h>

enum {
    ROOM = 256, /* bytes of a value that a frame has room for */
    LEAST = 16  /* a block's sum is added by the caller alone, one operation for so many */
};

typedef struct scan_call {
    const filch_scanning *how;
    const char *in;
    char *out;
    size_t n;
    void *context;
    char *total; /* of what was passed and settled */
    char *sums;  /* and behind them room for one more value */
    size_t behind;
} scan_call;

static char *sum_of(const scan_call *call, const fl_block *block)
{
    return call->sums + block->sum * call->how->size;
}

static bool make(size_t sums, size_t items, void *context)
{
    (void)items;
    scan_call *call = context;
    size_t size = call->how->size;
    call->behind = sums * size;
    call->sums = aligned_alloc(64, ((sums + 1) * size + 63) & ~(size_t)63);
    return call->sums;
}

static void scan(scan_call *call, size_t begin, size_t end, char *sum)
{
    size_t size = call->how->size;
    call->how->scan(call->in + begin * size, end - begin, call->out + begin * size, call->context,
                    sum);
}

static int front(filch_self self, size_t begin, size_t end, void *context)
{
    (void)self;
    scan_call *call = context;
    scan(call, begin, end, call->total);
    return 0;
}

static int ahead(filch_self self, const fl_block *block, void *context)
{
    (void)self;
    scan_call *call = context;
    const filch_scanning *how = call->how;
    char *sum = sum_of(call, block);
    how->make(call->context, sum);
    how->sum(call->in + block->begin * how->size, block->end - block->begin, call->context, sum);
    return 0;
}

static void settle(const fl_block *block, void *context)
{
    scan_call *call = context;
    const filch_scanning *how = call->how;
    char *sum = sum_of(call, block), *before = call->sums + call->behind;
    memcpy(before, call->total, how->size);
    how->sum(sum, 1, call->context, call->total);
    memcpy(sum, before, how->size);
}

static void finish(const fl_block *block, void *context)
{
    scan_call *call = context;
    scan(call, block->begin, block->end, sum_of(call, block));
}

static void free_sums(void *call)
{
    free(((scan_call *)call)->sums);
}

FILCH_TASK(int, run_scan, (scan_call *, call))
{
    char room[ROOM] FILCH_ALIGNED(64);
    const filch_scanning *how = call->how;
    size_t size = how->size;
    const fl_pass pass = {size, LEAST, make, front, ahead, settle, finish};
    void *block = size <= ROOM ? NULL : aligned_alloc(64, (size + 63) & ~(size_t)63);
    FILCH_DEFER(free, block);
    call->total = size <= ROOM ? room : block;
    if (!call->total)
        return -ENOMEM;
    how->make(call->context, call->total);
    FILCH_DEFER(free_sums, call);
    return fl_pass_run(self, &pass, call->n, call);
}

static int refuse(const scan_call *call)
{
    const filch_scanning *how = call->how;
    const char *who = "filch_scan";
    if (!how || !how->size || !how->make || !how->sum || !how->scan)
        return fl_fail(EINVAL,
                       "%s without a size or a function to make, sum or scan; all four are needed",
                       who);
    int rc = fl_items_refuse("filch_scan from", call->in, call->n, how->size);
    if (!rc)
        rc = fl_items_refuse("filch_scan to", call->out, call->n, how->size);
    if (rc)
        return rc;
    uintptr_t in = (uintptr_t)call->in, out = (uintptr_t)call->out;
    size_t apart = in < out ? out - in : in - out;
    if (apart && apart < call->n * how->size)
        return fl_fail(EINVAL,
                       "%s of %zu items: the output, %zu bytes from the input, overlaps it; scan "
                       "in place, or elsewhere",
                       who, call->n, apart);
    return 0;
}

static int scan_or_refuse(filch_self self, filch_runtime *rt, scan_call *call)
{
    int rc = refuse(call);
    if (rc || !call->n)
        return rc;
    rc = fl_enter("filch_scan", self, rt, &run_scan_task, call);
    if (rc == -ENOMEM)
        return fl_fail(ENOMEM, "filch_scan: no memory for a value of %zu bytes; free some",
                       call->how->size);
    return rc;
}

int filch_scan(filch_self self, const void *in, size_t n, void *out, const filch_scanning *how,
               void *context)
{
    FL_GIVEN(how);
    return scan_or_refuse(self, NULL, &(scan_call){how, in, out, n, context, NULL, NULL, 0});
}

int filch_run_scan(filch_runtime *rt, const void *in, size_t n, void *out,
                   const filch_scanning *how, void *context)
{
    FL_GIVEN_IN("filch_scan", how);
    return scan_or_refuse(NULL, rt, &(scan_call){how, in, out, n, context, NULL, NULL, 0});
}
