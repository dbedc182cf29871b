/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures built on others. No fiber waits for these: their waiters are called.
 *
 * filch_then keeps its waiter, and then its work item, in the room of the future that it will set.
 * filch_when_all and filch_when_any have a gathering: a block with a waiter for each future. The
 * last arrival that it needs settles it: `missing` counts these. Its last waiter frees its memory:
 * `refs` counts the waiters.
 *
 * Edges:
 *   CountInput, come: add -1 to missing, acq_rel    -> CountInput of the last; it sees what the
 *                                                      others wrote
 *   DropGraph, go: add -1 to refs, acq_rel          -> DropGraph of the last; it sees that the
 *                                                      others have gone
 *   ClaimFirst: CAS first, acq_rel                  |  ClaimFirst of another: one of them was
 *                                                      the first */
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/sync/future.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Then ---- */

/* In the room of the future that is to be set. */
typedef struct sequel {
    union {
        fl_work_item work_item;
        struct {
            fl_waiter waiter; /* first */
            fl_node node;
        } wait;
    } as;
    filch_future *from;
    fl_runtime *rt;
    filch_then_fn *fn;
    void *arg;
    const filch_place *place;
} sequel;
FILCH_STATIC_ASSERT(sizeof(sequel) <= FILCH_FUTURE_BYTES, "no room for a sequel");

typedef struct turn {
    sequel what;
    int code;
    uint64_t result[FILCH_FUTURE_BYTES / 8] FILCH_ALIGNED(16);
} turn;

static void call(filch_self self, void *arg)
{
    turn *it = arg;
    fl_error_forget();
    it->code = it->what.fn(self, it->what.from->room, it->result, it->what.arg);
    fl_check_return(self, &it->what.place->task);
}

static void fail_by_code(filch_future *next, int code, const char *task)
{
    if (!fl_is_errno(code))
        code = -EINVAL;
    filch_failure failure = {.code = code, .task = task};
    snprintf(failure.message, sizeof failure.message, "%s", filch_error_about(code));
    fl_future_fail_with(next, &failure);
}

static void run_sequel(filch_self self, fl_work_item *work_item)
{
    filch_future *next = fl_future_around(work_item);
    turn it;
    it.what = *(sequel *)work_item;
    const filch_place *place = it.what.place;
    fl_fiber_runs(fl_fiber_of(self), &place->task, place->file, place->line);
    const filch_failure *before =
        it.what.from ? filch_future_failure(it.what.from) : &fl_future_broken;
    filch_failure failure;
    if (before) {
        fl_future_fail_with(next, before);
    } else if (!fl_catch(self, place->task.name, call, &it, &failure)) {
        fl_future_fail_with(next, &failure);
    } else if (it.code) {
        fail_by_code(next, it.code, place->task.name);
    } else {
        memcpy(next->room, it.result, next->size);
        fl_future_settle(next);
    }
}

/* The waiter is no longer needed; the work item takes its place. */
static void start_sequel(sequel *what)
{
    fl_work_item_be_part(&what->as.work_item, run_sequel);
    fl_start(what->rt, &what->as.work_item);
}

static void sequel_told(fl_waiter *waiter)
{
    sequel *what = (sequel *)(void *)waiter;
    if (waiter->code == FL_FUTURE_BROKEN)
        what->from = NULL; /* may be gone */
    start_sequel(what);
}

int fl_then_at(filch_future *next, filch_future *from, filch_runtime *rt, filch_then_fn *fn,
               void *arg, size_t size, const filch_place *place)
{
    FL_GIVEN_IN("filch_then", next);
    FL_GIVEN_IN("filch_then", from);
    FL_CHECK(fl_future_not_itself("filch_then", next, &from, 1));
    int rc = fl_runtime_meant(&rt, "filch_then");
    if (rc)
        return rc;
    if (!fn || size > FILCH_FUTURE_BYTES)
        return fl_fail(EINVAL,
                       fn ? "filch_then with a result of %zu bytes; let fn leave a pointer"
                          : "filch_then without a function, for %zu bytes; pass one",
                       size);
    rc = fl_future_claim(next);
    if (rc)
        return rc;
    next->size = size;
    sequel *what = (sequel *)(void *)next->room;
    *what = (sequel){.as.wait.waiter.told = sequel_told,
                     .from = from,
                     .rt = rt,
                     .fn = fn,
                     .arg = arg,
                     .place = place};
    what->as.wait.node = (fl_node){.waiter = &what->as.wait.waiter};
    if (!fl_future_attach(from, &what->as.wait.node))
        start_sequel(what);
    return 0;
}

int(filch_then)(filch_future *next, filch_future *from, filch_runtime *rt, filch_then_fn *fn,
                void *arg, size_t size)
{
    static const filch_place nowhere = {.task.name = "(filch_then)"};
    return fl_then_at(next, from, rt, fn, arg, size, &nowhere);
}

/* ---- When ---- */

typedef struct gathering gathering;

typedef struct member {
    fl_waiter waiter; /* first; its code is the outcome */
    fl_node node;
    filch_future *future;
    gathering *of;
} member;

struct gathering {
    filch_future *out; /* owned */
    void (*settle)(gathering *group);
    void (*told)(member *one);
    filch_context *losers; /* of any */
    filch_u32 missing;     /* arrivals needed before it is settled */
    filch_u32 refs;        /* waiters and callers that still use it */
    filch_u32 first;       /* of any: 1 + the index of the first that was done */
    gathering *next;       /* to be settled by the same thread */
    size_t count;          /* members that were attached, or already done */
    member members[];
};

static void let_go(gathering *group)
{
    if (filch_u32_add(&group->refs, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* DropGraph */
        return;
    filch_context_release(group->losers);
    free(group);
}

/* Settling a future may complete the next gathering, and so on: one after another, not one inside
 * the other, since graphs may be deeper than stacks. Nothing here suspends. */
static void settle_in_turn(gathering *one)
{
    static __thread gathering **last; /* of the list; NULL: nobody works on it */
    one->next = NULL;
    if (last) {
        *last = one;
        last = &one->next;
        return;
    }
    last = &one->next;
    while (one) {
        gathering *now = one;
        now->settle(now);
        one = now->next;
        let_go(now);
    }
    last = NULL;
}

static void come(gathering *group)
{
    if (filch_u32_add(&group->missing, (uint32_t)-1, FILCH_ACQ_REL) == 1) /* CountInput */
        settle_in_turn(group);
}

static void member_told(fl_waiter *waiter)
{
    member *one = (member *)(void *)waiter;
    one->of->told(one);
    let_go(one->of);
}

static int gather(filch_future *out, size_t count, const gathering *as, gathering **made)
{
    if (count >= UINT32_MAX - 2 || count > (PTRDIFF_MAX - sizeof *as) / sizeof(member))
        return fl_fail(ENOMEM, "a future of %zu others: more than memory can hold", count);
    gathering *one = malloc(sizeof *one + count * sizeof(member));
    if (!one)
        return fl_fail(ENOMEM, "no memory for a future of %zu others; free some", count);
    int rc = fl_future_claim(out);
    if (rc) {
        free(one);
        return rc;
    }
    *one = *as;
    one->out = out;
    /* The members, the settler, and the caller. Relaxed: not yet shared. */
    filch_u32_store(&one->refs, (uint32_t)count + 2, FILCH_RELAXED);
    *made = one;
    return 0;
}

static void attach(gathering *group, size_t index, filch_future *future)
{
    member *one = &group->members[index];
    *one = (member){.waiter.told = member_told, .waiter.code = FL_FUTURE_TOLD};
    one->node = (fl_node){.waiter = &one->waiter};
    one->future = future;
    one->of = group;
    if (fl_future_attach(future, &one->node))
        return;
    fl_waiter_claim(&one->waiter); /* so that it is not detached */
    member_told(&one->waiter);
}

/* ---- All ---- */

static void all_told(member *one)
{
    come(one->of);
}

static void settle_all(gathering *group)
{
    const filch_failure *failure = NULL;
    for (size_t i = 0; i < group->count && !failure; i++) {
        const member *one = &group->members[i];
        failure = one->waiter.code == FL_FUTURE_BROKEN ? &fl_future_broken /* it may be gone */
                                                       : filch_future_failure(one->future);
    }
    group->out->size = 0;
    if (failure)
        fl_future_fail_with(group->out, failure);
    else
        fl_future_settle(group->out);
}

int filch_when_all(filch_future *all, filch_future *const *futures, size_t count)
{
    FL_GIVEN(all);
    FL_CHECK(fl_future_not_itself("filch_when_all", all, futures, count));
    gathering *one;
    int rc = gather(all, count,
                    &(gathering){.settle = settle_all, .told = all_told, .count = count}, &one);
    if (rc)
        return rc;
    filch_u32_store(&one->missing, (uint32_t)count + 1, FILCH_RELAXED); /* not yet shared */
    for (size_t i = 0; i < count; i++)
        attach(one, i, futures[i]);
    come(one);
    let_go(one);
    return 0;
}

/* ---- Any ---- */

static void any_told(member *one)
{
    uint32_t nobody = 0, index = (uint32_t)(one - one->of->members);
    if (filch_u32_cas(&one->of->first, &nobody, index + 1, FILCH_ACQ_REL)) /* ClaimFirst */
        come(one->of);
}

/* The others are left alone before `out` is set, since then they may be gone. */
static void settle_any(gathering *group)
{
    size_t first = filch_u32_load(&group->first, FILCH_RELAXED) - 1; /* set before CountInput */
    for (size_t i = 0; i < group->count; i++)
        if (fl_future_detach(group->members[i].future, &group->members[i].node))
            let_go(group);
    if (group->losers)
        filch_context_cancel(group->losers, 0);
    group->out->size = sizeof first;
    memcpy(group->out->room, &first, sizeof first);
    fl_future_settle(group->out);
}

int filch_when_any(filch_future *any, filch_future *const *futures, size_t count,
                   filch_context *losers)
{
    FL_GIVEN(any);
    FL_CHECK(fl_future_not_itself("filch_when_any", any, futures, count));
    gathering *one;
    if (!count)
        return fl_fail(EINVAL, "filch_when_any of no futures is never done; give it one");
    int rc = gather(any, count, &(gathering){.settle = settle_any, .told = any_told}, &one);
    if (rc)
        return rc;
    one->losers = filch_context_retain(losers);
    filch_u32_store(&one->missing, 2, FILCH_RELAXED); /* the first, the caller; not yet shared */
    size_t i = 0;
    while (i < count && !filch_u32_load(&one->first, FILCH_RELAXED)) { /* a hint: go no further */
        attach(one, i, futures[i]);
        i++;
    }
    one->count = i;
    for (; i < count; i++)
        let_go(one); /* no member was attached */
    come(one);
    let_go(one);
    return 0;
}
