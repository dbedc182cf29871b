/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps calloc
 *
 * A job's own context, for which two callers ask at the same time: both get the same one, and the
 * other is released. The second call comes while the first one allocates memory. */
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

TestSuite(asked_twice, .init = have_fibers);

static _Thread_local filch_job *asked; /* by the next allocation of this thread */
static _Thread_local unsigned allocations;
static filch_context *between;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    filch_job *job = asked;
    asked = NULL;
    allocations++;
    if (job)
        between = filch_job_context(job);
    return __real_calloc(count, size);
}

static uint32_t users_of(const filch_context *context)
{
    return filch_u32_load(&context->users, FILCH_ACQUIRE);
}

/* width 0: direct. `options`: with a key, it has other parts already. */
static void expect_one_context(unsigned width, const filch_job_options *options)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = width});
    filch_job *job = job_of(pool, stand_still, &at, options);
    signpost_wait(&at.begun, 1);
    const uint32_t before = users_of(pool->context);
    asked = job;
    filch_context *context = filch_job_context(job);
    cr_assert_eq(context, between);
    cr_assert_neq(context, pool->context);
    cr_assert_eq(users_of(pool->context), before + 1, "it has one child more");
    allocations = 0;
    cr_assert_eq(filch_job_context(job), context);
    cr_assert_eq(allocations, 0);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    filch_job_release(job);
}

Test(asked_twice, both_callers_get_the_same_context)
{
    for (unsigned width = 0; width < 2; width++) {
        expect_one_context(width, NULL);
        expect_one_context(width, &(filch_job_options){.key = "one"});
    }
}
