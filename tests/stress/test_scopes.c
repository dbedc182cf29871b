/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Trees of scopes whose children do, at random, everything that is allowed: spawn siblings, open
 * scopes below, fork, fail, panic, cancel, wait. In every case no child outlives its scope, and all
 * failures are known. */
#include <pthread.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { DEPTH = 3, SPAWNED_MOST = 20 };

/* A scope and its expected result. It is on the opener's stack, so that sanitizers see a late
 * child. */
typedef struct group {
    filch_scope scope;
    filch_runtime *rt;
    filch_context *above;
    uint64_t seed;
    unsigned depth;
    bool may_panic;
    filch_u32 spawned, started, ended, failed;
} group;

static void count(filch_u32 *counter)
{
    filch_u32_add(counter, 1, FILCH_ACQ_REL);
}

static uint32_t sum(const filch_u32 *counter)
{
    return filch_u32_load(counter, FILCH_ACQUIRE);
}

static int live(filch_self self, filch_scope *scope, void *arg);

static void spawn(group *g)
{
    if (sum(&g->spawned) >= SPAWNED_MOST)
        return;
    int rc = FILCH_SPAWN(&g->scope, live, g);
    cr_assert(rc == 0 || rc == -ECANCELED, "%d: %s", rc, filch_error());
    if (rc == 0)
        count(&g->spawned);
}

static void open_group(group *g)
{
    filch_scope_mode mode = g->seed % 4 ? FILCH_SCOPE_FIRST : FILCH_SCOPE_COLLECT;
    OK(filch_scope_begin_as(&g->scope, g->rt, g->above, mode));
    for (unsigned i = (unsigned)(g->seed >> 8) % 5; i; i--)
        spawn(g);
    if (g->seed % 8 == 1) {
        int rc = filch_scope_wait(&g->scope, filch_in((int64_t)(g->seed >> 16) % 20000));
        if (rc == -ETIMEDOUT && g->seed % 16 == 1)
            filch_context_cancel(filch_scope_context(&g->scope), 0);
    }
}

static void all_have_ended(const group *g)
{
    cr_assert_eq(sum(&g->started), sum(&g->spawned));
    cr_assert_eq(sum(&g->ended), sum(&g->spawned));
    cr_assert_eq(filch_scope_failures(&g->scope), sum(&g->failed));
}

static void close_group(group *g)
{
    size_t kept = 0;
    int rc = filch_scope_wait(&g->scope, FILCH_FOREVER);
    FILCH_EACH_FAILURE(failure, &g->scope)
    {
        cr_assert(failure->code < 0 && failure->message[0]);
        kept++;
    }
    cr_assert_eq(kept, g->scope.mode == FILCH_SCOPE_COLLECT ? sum(&g->failed) : rc != 0);
    cr_assert_eq(filch_scope_end(&g->scope), rc);
    cr_assert_eq(rc != 0, sum(&g->failed) != 0);
    all_have_ended(g);
}

static void in_a_task(filch_self self, void *arg)
{
    group *g = arg;
    open_group(g);
    if (g->may_panic && g->seed % 8 == 2)
        FILCH_PANIC(-ENOTSUP, "the opener gives up");
    close_group(g);
}

FILCH_VOID_TASK(below, (uint64_t, seed), (unsigned, depth), (filch_context *, above))
{
    group g = {.above = above, .seed = seed, .depth = depth, .may_panic = true};
    filch_failure failure;
    if (filch_try(self, in_a_task, &g, &failure)) {
        cr_assert_eq(failure.code, -ENOTSUP, "%s", failure.message);
        all_have_ended(&g);
    }
}

/* ---- What a child does ---- */

static int fails(filch_scope *scope, uint64_t how)
{
    switch (how % 3) {
    case 0:
        return -EIO;
    case 1:
        return filch_scope_fail(scope, -EDOM, "number %u", (unsigned)how);
    default:
        FILCH_PANIC(-EBADMSG, "number %u", (unsigned)how);
    }
}

static void has_ended(void *counter)
{
    count(counter);
}

static int live(filch_self self, filch_scope *scope, void *arg)
{
    group *g = arg;
    uint64_t random = stress_mix(g->seed + filch_u32_add(&g->started, 1, FILCH_ACQ_REL));
    filch_context *context = filch_scope_context(scope);
    FILCH_DEFER(has_ended, &g->ended);
    if (random % 4 == 0)
        spawn(g);
    if (g->depth) {
        FILCH_FORK(below, random + 1, g->depth - 1, random & 64 ? context : NULL);
        if (random & 128)
            filch_yield(self);
        if (random & 256)
            below(self, random + 2, g->depth - 1, context);
        FILCH_JOIN_VOID(below);
    }
    stress_dawdle(random);
    random >>= 32;
    if (random % 8 == 0)
        filch_context_wait(context, filch_in((int64_t)(random >> 8) % 20000));
    if (random % 32 == 1)
        filch_context_cancel(context, -ESTALE);
    if (random % 16 != 2)
        return 0;
    count(&g->failed);
    return fails(scope, random >> 8);
}

/* ---- From all sides ---- */

struct outsider {
    filch_runtime *rt;
    uint64_t seed;
};

static void *opens_outside(void *arg)
{
    struct outsider *outsider = arg;
    for (unsigned i = stress_times(80); i; i--) {
        group g = {.rt = outsider->rt, .seed = stress_mix(outsider->seed + i), .depth = DEPTH};
        open_group(&g);
        close_group(&g);
    }
    return NULL;
}

FILCH_VOID_TASK(opens_inside, (uint64_t, seed))
{
    for (unsigned i = stress_times(80); i; i--)
        below(self, stress_mix(seed - i), DEPTH, NULL);
}

Test(scopes, nobody_outlives_them_whatever_happens)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        pthread_t threads[2];
        filch_runtime *rt = stress_runtime(config, seed);
        struct outsider outsiders[] = {{rt, stress_mix(seed + config)},
                                       {rt, stress_mix(seed - config)}};
        for (int i = 0; i < 2; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, opens_outside, &outsiders[i]), 0);
        FILCH_RUN(rt, opens_inside, seed + config);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", stress_name(config));
    }
}

/* ---- The last one out ---- */

static int leave_at_once(filch_self self, filch_scope *scope, void *arg)
{
    count(arg);
    return 0;
}

FILCH_VOID_TASK(opens_often, (unsigned, times))
{
    for (filch_u32 ended; times; times--) {
        filch_scope scope;
        filch_u32_store(&ended, 0, FILCH_RELEASE);
        OK(filch_scope_begin(&scope, NULL, NULL));
        for (unsigned i = times % 4; i; i--)
            cr_assert_eq(FILCH_SPAWN(&scope, leave_at_once, &ended), 0);
        while (times % 3 == 0 && filch_scope_wait(&scope, 0) == -ETIMEDOUT)
            filch_yield(self); /* never in the queue: sees the last one's unlocking only */
        OK(filch_scope_end(&scope));
        cr_assert_eq(sum(&ended), times % 4);
    }
}

FILCH_VOID_TASK(opens_often_everywhere, (unsigned, tasks))
{
    if (tasks > 1) {
        FILCH_FORK(opens_often_everywhere, tasks / 2);
        opens_often_everywhere(self, tasks - tasks / 2);
        FILCH_JOIN_VOID(opens_often_everywhere);
    } else {
        opens_often(self, stress_times(1500));
    }
}

Test(scopes, last_child_leaves_closed_scope_alone)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        filch_runtime *rt = stress_runtime(config, seed);
        FILCH_RUN(rt, opens_often_everywhere, 8);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", stress_name(config));
    }
}
