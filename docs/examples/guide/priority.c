/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The most urgent first; a priority that changes while the job waits; and aging, so that nobody
 * waits forever. For service authors.
 *
 *   cc -O2 priority.c $(pkg-config --cflags --libs filch) -o priority */
#include <err.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { PATIENTS = 5 };

static const struct patient {
    const char *complaint;
    unsigned priority; /* 0..FILCH_PRIORITIES - 1 */
} patients[PATIENTS] = {
    {"a cold", 0}, {"a sprain", 2}, {"a headache", 1}, {"a burn", 5}, {"a cut", 2}};

static filch_semaphore begun;  /* a permit when the one before has begun */
static filch_waitgroup before; /* not done: the doctor is busy with that one */

static int see_one_before(filch_self self, filch_job *job, void *unused)
{
    (void)self, (void)job, (void)unused;
    filch_semaphore_give_back(&begun, 1);
    filch_waitgroup_wait(&before);
    return 0;
}

static int treat(filch_self self, filch_job *job, void *complaint)
{
    (void)self, (void)job;
    printf("  %s\n", (const char *)complaint);
    return 0;
}

static filch_job *arrive(filch_pool *pool, const char *complaint, unsigned priority)
{
    filch_job *job;
    const filch_job_options options = {.priority = priority};
    if (filch_pool_submit(&job, pool, treat, (void *)(uintptr_t)complaint, &options, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    return job;
}

/* One doctor, who is busy until filch_waitgroup_done(&before). */
static filch_pool *open_practice(int64_t aging)
{
    const filch_pool_config config = {.width = 1, .order = FILCH_PRIORITY, .aging = aging};
    filch_pool *pool;
    filch_waitgroup_add(&before, 1);
    if (filch_pool_create(&pool, &config) || FILCH_SUBMIT(pool, see_one_before, NULL))
        errx(1, "%s", filch_error());
    filch_semaphore_acquire(&begun, 1);
    return pool;
}

int main(void)
{
    printf("the most urgent first:\n");
    filch_pool *pool = open_practice(3600 * FILCH_SECOND);
    filch_job *jobs[PATIENTS];
    for (int i = 0; i < PATIENTS; i++)
        jobs[i] = arrive(pool, patients[i].complaint, patients[i].priority);
    if (filch_job_set_priority(jobs[2], 7)) /* the headache gets worse */
        errx(1, "%s", filch_error());
    filch_waitgroup_done(&before);
    for (int i = 0; i < PATIENTS; i++)
        filch_job_release(jobs[i]);
    if (filch_pool_destroy(pool))
        errx(1, "%s", filch_error());

    printf("but nobody waits forever:\n");
    pool = open_practice(2 * FILCH_MILLISECOND); /* after so much one higher */
    filch_job_release(arrive(pool, "a cold, for a long time", 0));
    filch_sleep(20 * FILCH_MILLISECOND); /* ten higher, that is */
    filch_job_release(arrive(pool, "a burn", 5));
    filch_waitgroup_done(&before);
    return filch_pool_destroy(pool) ? 1 : 0;
}
