/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filters: the caller packs items to their final place. Helpers pack ahead of it to a place of
 * their own (runtime/par/ordered_pass.h), and move their items when the final place is known. So each item
 * is looked at once; and in place, all written items lie before those not yet read. */
#include <filch/find.h>
#include <filch/panic.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/ordered_pass.h>
#include <runtime/par/range.h>
#include <runtime/platform/error.h>
#include <stdlib.h>

/* The items kept of a block, and their final place once that is known. */
typedef struct kept {
    size_t count, at;
} kept;

typedef struct pack_call {
    const char *in;
    size_t n, size;
    char *out;
    filch_pack_fn *keep;
    void *context;
    size_t count; /* kept of what was passed and settled */
    kept *blocks; /* one for each sum */
    char *room;   /* for items that were kept ahead */
} pack_call;

static bool make(size_t sums, size_t items, void *context)
{
    pack_call *call = context;
    size_t records = (sums * sizeof(kept) + 63) & ~(size_t)63;
    call->blocks = aligned_alloc(64, (records + items * call->size + 63) & ~(size_t)63);
    call->room = (char *)call->blocks + records;
    return call->blocks;
}

static int front(filch_self self, size_t begin, size_t end, void *context)
{
    pack_call *call = context;
    size_t more = 0;
    int code = call->keep(self, call->in + begin * call->size, end - begin,
                          call->out + call->count * call->size, &more, call->context);
    call->count += more;
    return code;
}

static int ahead(filch_self self, const fl_block *block, void *context)
{
    pack_call *call = context;
    kept *k = &call->blocks[block->sum];
    return call->keep(self, call->in + block->begin * call->size, block->end - block->begin,
                      call->room + block->room * call->size, &k->count, call->context);
}

static void settle(const fl_block *block, void *context)
{
    pack_call *call = context;
    kept *k = &call->blocks[block->sum];
    k->at = call->count;
    call->count += k->count;
}

static void finish(const fl_block *block, void *context)
{
    pack_call *call = context;
    const kept *k = &call->blocks[block->sum];
    memcpy(call->out + k->at * call->size, call->room + block->room * call->size,
           k->count * call->size);
}

static void clean(void *call)
{
    free(((pack_call *)call)->blocks);
}

FILCH_TASK(int, run_pack, (pack_call *, call))
{
    const fl_pass pass = {call->size, 1, make, front, ahead, settle, finish};
    FILCH_DEFER(clean, call);
    return fl_pass_run(self, &pass, call->n, call);
}

static int refuse(const pack_call *call, const size_t *count)
{
    const char *who = "filch_pack";
    if (!call->keep || !count)
        return fl_fail(EINVAL, "%s without a function, or with no address for the count; pass both",
                       who);
    if (!call->size || call->size > FILCH_PACK_MOST)
        return fl_fail(
            EINVAL,
            "%s: an item size of %zu bytes is out of range (1..%d); pack pointers or indices to "
            "larger ones",
            who, call->size, FILCH_PACK_MOST);
    int rc = fl_items_refuse("filch_pack from", call->in, call->n, call->size);
    if (!rc)
        rc = fl_items_refuse("filch_pack to", call->out, call->n, call->size);
    if (rc)
        return rc;
    uintptr_t in = (uintptr_t)call->in, out = (uintptr_t)call->out;
    if (out > in && out - in < call->n * call->size)
        return fl_fail(EINVAL,
                       "%s of %zu items: the output starts %zu bytes after the input and would "
                       "overwrite unread items; pack in place, or elsewhere",
                       who, call->n, (size_t)(out - in));
    return 0;
}

static int pack_or_refuse(filch_self self, filch_runtime *rt, pack_call *call, size_t *count)
{
    int rc = refuse(call, count);
    if (!rc && call->n)
        rc = fl_enter("filch_pack", self, rt, &run_pack_task, call);
    if (!rc)
        *count = call->count;
    return rc;
}

int filch_pack(filch_self self, const void *in, size_t n, size_t size, void *out, size_t *count,
               filch_pack_fn *keep, void *context)
{
    pack_call call = {in, n, size, out, keep, context, 0, NULL, NULL};
    return pack_or_refuse(self, NULL, &call, count);
}

int fl_run_pack(filch_runtime *rt, const void *in, size_t n, size_t size, void *out, size_t *count,
                filch_pack_fn *keep, void *context)
{
    pack_call call = {in, n, size, out, keep, context, 0, NULL, NULL};
    return pack_or_refuse(NULL, rt, &call, count);
}
