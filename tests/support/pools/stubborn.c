/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/pools.h>
#include <tests/support/test.h>

int fails_for_now(filch_self self, filch_job *job, void *arg)
{
    stubborn *one = arg;
    unsigned call = filch_u32_add(&one->calls, 1, FILCH_RELAXED) + 1;
    if (filch_job_attempts(job) > call) /* a permit or a breaker may refuse in between */
        return -ENOTRECOVERABLE;
    if (call > one->failures)
        return 0;
    if (!one->code)
        FILCH_PANIC(-EAGAIN, "attempt %u", call);
    return one->code;
}

void stubborn_run(filch_pool *pool, stubborn *one)
{
    fate_of_letter = &one->end;
    cr_assert_eq(FILCH_SUBMIT_AS(pool, fails_for_now, one, .done = fate_told_apart,
                                 .drop = fate_dropped),
                 0, "%s", filch_error());
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(fate_count(&one->end), 1);
}

filch_job *delayed_job(filch_pool *pool, stubborn *one)
{
    const filch_job_options options = {.name = "delayed",
                                       .done = fate_told_apart,
                                       .drop = fate_dropped};
    fate_of_letter = &one->end;
    filch_job *job = job_of(pool, fails_for_now, one, &options);
    filch_pool_stats stats = stats_of(pool);
    while (!stats.delayed)
        stats = stats_of(pool);
    cr_assert_eq(stats.waiting, 1);
    cr_assert_eq(stats.running, 0);
    return job;
}
