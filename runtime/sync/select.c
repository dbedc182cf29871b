/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A select locks all its objects at once, in the order of their addresses, while it tries the cases
 * and while its waiter enters their queues. So it misses nothing in between, and of two selects
 * that meet only one must be claimed: the other holds the locks. From then on it is one waiter with
 * several nodes (runtime/sync/wait.h): the first to claim it wins. */
#include <filch/select.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/channel.h>
#include <runtime/sync/wait.h>
#include <sched/rng.h>

#include <errno.h>
#include <limits.h>

/* The use of filch_case.reserved. */
typedef struct place {
    fl_node node;
    filch_case *next; /* in the order of locks */
    uint32_t turn;    /* of the first case: which one is tried first, and so on */
} place;
FILCH_STATIC_ASSERT(sizeof(place) <= sizeof(((filch_case *)0)->reserved), "no room for a place");

static place *place_of(filch_case *one)
{
    return (place *)(void *)one->reserved;
}

static filch_case *case_of(fl_node *node)
{
    return FL_CONTAINER_OF(node, filch_case, reserved);
}

/* ---- What the kinds differ in ---- */

typedef struct kind {
    filch_u32 *(*lock)(const filch_case *one);
    filch_waiters *(*queue)(const filch_case *one);
    int (*attempt)(filch_case *one, fl_node **told); /* with the lock; FL_MUST_WAIT */
} kind;

static filch_u32 *channel_lock(const filch_case *one)
{
    return &((filch_channel *)one->object)->lock;
}

static filch_waiters *senders(const filch_case *one)
{
    return &((filch_channel *)one->object)->senders;
}

static filch_waiters *receivers(const filch_case *one)
{
    return &((filch_channel *)one->object)->receivers;
}

static int attempt_send(filch_case *one, fl_node **told)
{
    return fl_channel_send(one->object, one->item, told);
}

static int attempt_receive(filch_case *one, fl_node **told)
{
    return fl_channel_receive(one->object, one->item, told);
}

static filch_u32 *context_lock(const filch_case *one)
{
    return &((filch_context *)one->object)->lock;
}

static filch_waiters *context_waiters(const filch_case *one)
{
    return &((filch_context *)one->object)->waiters;
}

static int attempt_done(filch_case *one, fl_node **told)
{
    *told = NULL;
    int cause = filch_context_cause(one->object);
    return cause ? cause : FL_MUST_WAIT;
}

static const kind kinds[] = {
    [FILCH_CASE_SEND] = {channel_lock, senders, attempt_send},
    [FILCH_CASE_RECEIVE] = {channel_lock, receivers, attempt_receive},
    [FILCH_CASE_DONE] = {context_lock, context_waiters, attempt_done},
};

static const kind *kind_of(const filch_case *one)
{
    return &kinds[one->kind];
}

/* ---- All locks ---- */

static filch_case *merged(filch_case *a, filch_case *b)
{
    filch_case *first = NULL, **last = &first;
    while (a && b) {
        filch_case **least = (uintptr_t)b->object < (uintptr_t)a->object ? &b : &a;
        *last = *least;
        last = &place_of(*least)->next;
        *least = *last;
    }
    *last = a ? a : b;
    return first;
}

/* Those of one object, by its address. */
static filch_case *in_order(filch_case *cases, size_t count)
{
    if (count > 1)
        return merged(in_order(cases, count / 2), in_order(cases + count / 2, count - count / 2));
    if (cases->kind == FILCH_CASE_UNTIL || !cases->object)
        return NULL;
    place_of(cases)->next = NULL;
    return cases;
}

static void each_lock(filch_case *first, void (*what)(filch_u32 *))
{
    for (const void *last = NULL; first; last = first->object, first = place_of(first)->next)
        if (first->object != last)
            what(kind_of(first)->lock(first));
}

static void lock_one(filch_u32 *lock)
{
    fl_lock(lock);
}

static void unlock_one(filch_u32 *lock)
{
    fl_unlock(lock);
}

/* ---- The select ---- */

static int refuse(const filch_case *cases, size_t count)
{
    if (!count || count > INT_MAX)
        return fl_fail(EINVAL, "filch_select of %zu cases; give it one, and at most %d", count,
                       INT_MAX);
    for (size_t i = 0; i < count; i++)
        if ((unsigned)cases[i].kind > FILCH_CASE_UNTIL)
            return fl_fail(EINVAL,
                           "filch_select: case %zu is of kind %d; write FILCH_SEND, "
                           "FILCH_RECEIVE, FILCH_DONE or FILCH_UNTIL",
                           i, (int)cases[i].kind);
        else if (cases[i].kind == FILCH_CASE_UNTIL && cases[i].until < 0)
            return fl_fail(EINVAL,
                           "filch_select: case %zu is a deadline of %lld ns; give a time "
                           "from filch_in(), or 0",
                           i, (long long)cases[i].until);
    return 0;
}

/* The earliest deadline, or NULL. */
static filch_case *deadline_of(filch_case *cases, size_t count)
{
    filch_case *earliest = NULL;
    for (size_t i = 0; i < count; i++)
        if (cases[i].kind == FILCH_CASE_UNTIL && (!earliest || cases[i].until < earliest->until))
            earliest = &cases[i];
    return earliest;
}

/* All orders are equally likely (R. Durstenfeld, CACM algorithm 235, 1964): the cases that can
 * happen have the same chance, wherever the others stand. */
static void shuffle(filch_case *cases, size_t count)
{
    static __thread uint64_t state;
    if (!state)
        state = fl_rng_seed((uint64_t)fl_now(), (uintptr_t)&state);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = fl_rng_below(&state, i + 1);
        place_of(&cases[i])->turn = place_of(&cases[other])->turn;
        place_of(&cases[other])->turn = i;
    }
}

/* The case that can happen now; NULL: none. */
static filch_case *happens(filch_case *cases, size_t count, fl_node **told)
{
    shuffle(cases, count);
    for (size_t i = 0; i < count; i++) {
        filch_case *one = &cases[place_of(&cases[i])->turn];
        if (one->kind == FILCH_CASE_UNTIL || !one->object)
            continue;
        one->code = kind_of(one)->attempt(one, told);
        if (one->code != FL_MUST_WAIT)
            return one;
    }
    return NULL;
}

static void take_places(filch_case *first, fl_waiter *waiter)
{
    for (; first; first = place_of(first)->next) {
        fl_node *node = &place_of(first)->node;
        *node = (fl_node){.waiter = waiter, .data = first->item};
        fl_waiters_add(kind_of(first)->queue(first), node);
    }
}

static void leave_places(filch_case *first, const fl_node *winner)
{
    for (; first; first = place_of(first)->next) {
        fl_node *node = &place_of(first)->node;
        if (node == winner)
            continue;
        filch_u32 *lock = kind_of(first)->lock(first);
        fl_lock(lock);
        fl_waiters_remove(kind_of(first)->queue(first), node);
        fl_unlock(lock);
    }
}

/* Is one of the cases the end of the waiting task's context? */
static bool has_own(filch_case *first)
{
    for (; first; first = place_of(first)->next)
        if (first->kind == FILCH_CASE_DONE && fl_below_own(first->object))
            return true;
    return false;
}

/* The locks are held, and are released. */
static int wait_for_one(filch_case *cases, filch_case *first, filch_case *deadline)
{
    fl_waiter waiter;
    fl_waiter_here(&waiter);
    take_places(first, &waiter);
    each_lock(first, unlock_one);
    fl_waits_in("filch_select", NULL);
    int64_t until = deadline ? deadline->until : FILCH_FOREVER;
    fl_wait_fn *wait = has_own(first) ? fl_waiter_wait : fl_waiter_wait_cancellable;
    int code = wait(&waiter, until);
    leave_places(first, waiter.winner);
    if (!waiter.winner && code != -ETIMEDOUT)
        return code;
    filch_case *one = waiter.winner ? case_of(waiter.winner) : deadline;
    one->code = waiter.winner ? code : 0;
    return (int)(one - cases);
}

int filch_select(filch_case *cases, size_t count)
{
    FL_GIVEN(cases);
    int rc = refuse(cases, count);
    if (rc)
        return rc;
    filch_case *first = in_order(cases, count), *deadline = deadline_of(cases, count);
    if (!first && (!deadline || deadline->until == FILCH_FOREVER))
        return fl_fail(EDEADLK, "filch_select: no case can ever happen; give one a channel, a "
                                "context or a time");
    fl_node *told = NULL;
    each_lock(first, lock_one);
    filch_case *one = happens(cases, count, &told);
    if (!one && deadline && (deadline->until == 0 || deadline->until <= fl_now())) {
        one = deadline;
        one->code = 0;
    }
    if (!one)
        return wait_for_one(cases, first, deadline);
    each_lock(first, unlock_one);
    if (one == deadline)
        fl_too_late();
    if (told)
        fl_waiter_tell(told->waiter, told, 0);
    return (int)(one - cases);
}
