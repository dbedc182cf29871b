/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Every wait of a cancelled job or scope ends with -ECANCELED, in a job with and without a handle
 * and in a scope's child, unless it is shielded. */
#include <filch/stats.h>
#include <tests/unit/sync/every_wait.h>

/* ---- A wait in a job or a scope's child ---- */

enum kind { JOB, JOB_WITH_HANDLE, CHILD, KINDS };
/* EARLY: the context is done before the wait; SHIELDED: the same, and the wait is shielded. */
enum when { EARLY, PARKED, SHIELDED, WHENS };

static struct trial {
    const struct wait *wait;
    enum when when;
    filch_u32 begun, cancelled;
    int rc;
} trial;

static void call_shielded(void *unused)
{
    trial.rc = trial.wait->call(filch_in(FILCH_MILLISECOND));
}

static void perform(filch_self self)
{
    filch_u32_store(&trial.begun, 1, FILCH_RELEASE);
    while (trial.when != PARKED && !filch_u32_load(&trial.cancelled, FILCH_ACQUIRE))
        filch_yield(self);
    if (trial.when == SHIELDED)
        filch_shielded(call_shielded, NULL);
    else
        trial.rc = trial.wait->call(FILCH_FOREVER);
}

static int as_job(filch_self self, filch_job *job, void *data)
{
    perform(self);
    return trial.rc;
}

static int as_child(filch_self self, filch_scope *scope, void *arg)
{
    perform(self);
    return 0;
}

static void look_for_trial(const filch_wait *wait, void *parked)
{
    *(bool *)parked |= !strncmp(wait->task, "as_", 3);
}

static void await_trial(void)
{
    await(&trial.begun);
    for (bool parked = trial.when != PARKED; !parked;)
        filch_runtime_waits(world.rt, look_for_trial, &parked);
}

static void try_job(bool with_handle)
{
    filch_context *context;
    filch_pool *pool;
    filch_job *job = NULL;
    cr_assert(!filch_context_create(&context, NULL));
    cr_assert(
        !filch_pool_create(&pool, &(filch_pool_config){.runtime = world.rt, .context = context}));
    cr_assert(!filch_pool_submit(with_handle ? &job : NULL, pool, as_job, NULL,
                                 &(filch_job_options){.name = "as_job"}, FILCH_FOREVER));
    await_trial();
    cr_assert(!(job ? filch_job_cancel(job) : filch_context_cancel(context, 0)));
    filch_u32_store(&trial.cancelled, 1, FILCH_RELEASE);
    cr_assert(!filch_pool_wait(pool, FILCH_FOREVER));
    if (job && trial.when != SHIELDED)
        cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    filch_job_release(job);
    cr_assert(!filch_pool_destroy(pool));
    filch_context_release(context);
}

static void try_child(void)
{
    filch_scope scope;
    cr_assert(!filch_scope_begin(&scope, world.rt, NULL));
    cr_assert(!FILCH_SPAWN(&scope, as_child, NULL));
    await_trial();
    cr_assert(!filch_context_cancel(filch_scope_context(&scope), 0));
    filch_u32_store(&trial.cancelled, 1, FILCH_RELEASE);
    cr_assert(!filch_scope_end(&scope));
}

static void try_wait(unsigned index, unsigned workers, enum kind kind, enum when when)
{
    trial = (struct trial){.wait = &waits[index], .when = when};
    if (kind == CHILD)
        try_child();
    else
        try_job(kind == JOB_WITH_HANDLE);
    int expected = when == SHIELDED ? trial.wait->late : -ECANCELED;
    cr_assert_eq(trial.rc, expected, "wait %u, %u workers, kind %d, when %d: %d, not %d", index,
                 workers, (int)kind, (int)when, trial.rc, expected);
}

static void try_all(unsigned workers)
{
    make_world(workers);
    for (unsigned i = 0; i < WAITS; i++)
        for (enum kind kind = JOB; kind < KINDS; kind++)
            for (enum when when = EARLY; when < WHENS; when++)
                try_wait(i, workers, kind, when);
    end_world();
}

Test(cancelled_waits, waits_end_unless_shielded, .timeout = 120)
{
    static const unsigned counts[] = {1, 2, 8};
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++)
        try_all(counts[i]);
}

Test(cancelled_waits, a_shield_needs_a_function)
{
    cr_assert_eq(filch_shielded(NULL, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_shielded: argument fn is NULL"), "%s", filch_error());
}

/* ---- Waits that are given a context below the task's: that one ends them, with its cause ---- */

static int waits_for_below(filch_context *below)
{
    return filch_context_wait(below, FILCH_FOREVER);
}

static int selects_below(filch_context *below)
{
    filch_case cases[] = {FILCH_RECEIVE(world.empty, &(int){0}), FILCH_DONE(below)};
    return filch_select(cases, 2) == 1 ? filch_context_cause(below) : -EINVAL;
}

static int waits_for_permit_below(filch_context *below)
{
    return filch_limiter_acquire(world.limiter, 1, below, FILCH_FOREVER);
}

static int (*const waits_below[])(filch_context *) = {waits_for_below, selects_below,
                                                      waits_for_permit_below};

static int as_child_below(filch_self self, filch_scope *scope, void *row)
{
    filch_context *below;
    cr_assert(!filch_context_create(&below, filch_scope_context(scope)));
    filch_u32_store(&trial.begun, 1, FILCH_RELEASE);
    trial.rc = (*(int (*const *)(filch_context *))row)(below);
    filch_context_release(below);
    return 0;
}

static void wait_below(unsigned row)
{
    filch_scope scope;
    trial = (struct trial){.when = PARKED};
    cr_assert(!filch_scope_begin(&scope, world.rt, NULL));
    cr_assert(!FILCH_SPAWN(&scope, as_child_below, (void *)(uintptr_t)&waits_below[row]));
    await_trial();
    cr_assert(!filch_context_cancel(filch_scope_context(&scope), -EHOSTUNREACH));
    cr_assert(!filch_scope_end(&scope));
    cr_assert_eq(trial.rc, -EHOSTUNREACH, "wait %u: %d", row, trial.rc);
}

Test(cancelled_waits, contexts_below_name_their_cause)
{
    make_world(2);
    for (unsigned row = 0; row < sizeof waits_below / sizeof *waits_below; row++)
        wait_below(row);
    end_world();
}

/* ---- Contexts that a task names for its waits ---- */

static filch_context *named;

static filch_context *the_named(void *unused)
{
    return named;
}

static void call_plainly(void *rc)
{
    *(int *)rc = receives(filch_in(FILCH_MILLISECOND));
}

static void call_shielded_within(void *rc)
{
    filch_shielded(call_plainly, rc);
    cr_assert_eq(*(int *)rc, -ETIMEDOUT, "the innermost counts: %d", *(int *)rc);
    call_plainly(rc);
}

static void panics(void *unused)
{
    FILCH_PANIC(-EBADMSG, "out of the call");
}

static void panics_with_named(filch_self self, void *unused)
{
    filch_with_context(the_named, panics, NULL);
}

FILCH_VOID_TASK(names_a_context)
{
    int rc = 0;
    OK(filch_context_create(&named, NULL));
    filch_context_cancel(named, -EHOSTDOWN);
    OK(filch_with_context(the_named, call_shielded_within, &rc));
    cr_assert_eq(rc, -ECANCELED, "%d", rc);
    call_plainly(&rc);
    cr_assert_eq(rc, -ETIMEDOUT, "after the call: %d", rc);
    cr_assert_eq(filch_try(self, panics_with_named, NULL, NULL), -EBADMSG);
    call_plainly(&rc);
    cr_assert_eq(rc, -ETIMEDOUT, "after a panic: %d", rc);
    filch_context_release(named);
    named = NULL;
    filch_with_context(the_named, call_plainly, &rc);
    cr_assert_eq(rc, -ETIMEDOUT, "without a context: %d", rc);
}

Test(cancelled_waits, tasks_name_contexts)
{
    make_world(1);
    FILCH_RUN(world.rt, names_a_context);
    end_world();
    cr_assert_eq(filch_with_context(the_named, NULL, NULL), -EINVAL);
}
