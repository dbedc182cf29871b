/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/sort.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/partition.h>
#include <runtime/par/range.h>
#include <runtime/par/split.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

/* So many items are not worth a fork: some ten microseconds of work. */
#ifdef FILCH_TINY
enum { ALONE = 2 * FL_FEW };
#else
enum { ALONE = 2048 };
#endif

typedef struct sort_call {
    void *items;
    size_t n;
    const filch_sort_ops *ops;
    void *context;
    size_t together; /* a longer range is cut by several workers, if there are any idle */
} sort_call;

/* Not inlined: its copies of items would lie on the stack as often as forks are nested. */
static __attribute__((noinline)) fl_cut cut(filch_self self, const sort_call *call, char *items,
                                            size_t n, const void *before, uint32_t bad)
{
    const filch_sort_ops *ops = call->ops;
    const filch_ordering order = {ops->size, ops->less, call->context};
    const bool equal = fl_pivot(items, n, before, bad, order, ops, call->context);
    char *const others = items + ops->size;
    const size_t first =
        n > call->together && fl_idle_demand(self)
            ? fl_partition_together(self, others, n - 1, items, equal, ops, call->context)
            : ops->partition(others, n - 1, items, equal, call->context);
    return fl_cut_at(items, n, first, equal, order);
}

/* Cuts, forks the shorter part and goes on with the longer one. Unjoined forks are few: each joined
 * one is at most half as long as the range in which it was cut off, and their order is that of
 * their lengths. */
FILCH_VOID_TASK(sort_range, (const sort_call *, call), (char *, items), (size_t, n),
                (const void *, before), (uint32_t, bad))
{
    size_t forks = 0;
    for (; n > ALONE && bad <= FL_BAD_MOST; forks++) {
        fl_heed(self);
        const fl_cut at = cut(self, call, items, n, before, bad);
        char *const right = items + at.right * call->ops->size;
        bad += at.bad;
        if (at.left < n - at.right) {
            FILCH_FORK(sort_range, call, items, at.left, before, bad);
            items = right;
            n -= at.right;
            before = at.before;
        } else {
            FILCH_FORK(sort_range, call, right, n - at.right, at.before, bad);
            n = at.left;
        }
    }
    if (n > 1)
        call->ops->serial(items, n, before, bad, call->context);
    for (; forks; forks--)
        FILCH_JOIN_VOID(sort_range);
}

FILCH_TASK(int, sort_all, (sort_call *, call))
{
    if (call->ops->sorted(call->items, call->n, call->context))
        return 0;
    call->together = call->n / fl_workers(fl_fiber_of(self)->worker->rt);
    sort_range(self, call, call->items, call->n, NULL, 0);
    return 0;
}

int filch_sort_by(filch_self self, void *items, size_t n, const filch_sort_ops *ops, void *context)
{
    FL_GIVEN(ops);
    sort_call call = {items, n, ops, context, 0};
    int rc = fl_items_refuse("filch_sort", items, n, ops->size);
    return rc ? rc : fl_enter("filch_sort", self, NULL, &sort_all_task, &call);
}

int fl_run_sort_by(filch_runtime *rt, void *items, size_t n, const filch_sort_ops *ops,
                   void *context)
{
    FL_GIVEN_IN("filch_sort_by", ops);
    sort_call call = {items, n, ops, context, 0};
    int rc = fl_items_refuse("filch_sort", items, n, ops->size);
    return rc ? rc : fl_enter("filch_sort", NULL, rt, &sort_all_task, &call);
}
