/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runners (runtime/service/ready.h): short jobs share one, and a job that turns out to be long does not
 * hold up those behind it; with 1, 2 and 8 workers. */
#include <runtime/service/ready.h>
#include <tests/service/service.h>

#ifdef FILCH_TINY
enum { JOBS = 2 }; /* a runtime has few fibers */
#else
enum { JOBS = 8 };
#endif

static const unsigned workers[] = {1, 2, 8};
static signpost begun;
static filch_u32 most_runners;

/* Returns when all others have begun, too. */
static int meets(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&begun);
    while (signpost_count(&begun) < JOBS)
        filch_yield(self);
    return 0;
}

static int counts_runners(filch_self self, filch_service_job *job, void *arg)
{
    filch_service *service = filch_service_job_service(job);
    pthread_mutex_lock(&service->lock);
    uint32_t runners = (uint32_t)service->runners;
    pthread_mutex_unlock(&service->lock);
    if (runners > filch_u32_load(&most_runners, FILCH_RELAXED))
        filch_u32_store(&most_runners, runners, FILCH_RELAXED);
    return 0;
}

/* Runs JOBS messages of a type that is expected to take so long. */
static void run(unsigned w, filch_service_fn *fn, int64_t expected)
{
    const filch_handler handler = {.type = "job", .fn = fn};
    uint64_t ran;
    begun = (signpost){0};
    filch_u32_store(&most_runners, 0, FILCH_RELAXED);
    filch_service *service =
        service_of((filch_service_config){.width = JOBS, .workers = workers[w]}, &handler, 1);
    service->types[0].expected = expected;
    for (unsigned i = 0; i < JOBS; i++)
        publish(service, "job", "");
    OK(filch_service_run_ready(service, &ran));
    cr_assert_eq(ran, JOBS);
    OK(filch_service_destroy(service));
}

Test(service_ready, jobs_behind_misjudged_job_get_runners)
{
    for (unsigned w = 0; w < 3; w++)
        run(w, meets, 1);
}

Test(service_ready, each_long_job_has_a_runner)
{
    for (unsigned w = 0; w < 3; w++)
        run(w, meets, FILCH_SECOND);
}

/* Unless they wait so long for a CPU that the owner loses patience. */
Test(service_ready, short_jobs_share_a_runner)
{
    for (unsigned w = 0; w < 3; w++)
        do
            run(w, counts_runners, 1);
        while (filch_u32_load(&most_runners, FILCH_RELAXED) != 1);
}

static int explains_the_first(filch_self self, filch_service_job *job, void *arg)
{
    unsigned *calls = arg;
    return ++*calls == 1 ? filch_error_set(-EINVAL, "no user 17") : -EINVAL;
}

static void keeps_reason(filch_service_job *job, filch_service_outcome outcome, const char *reason,
                         void *arg)
{
    char(*last)[128] = arg;
    snprintf(*last, sizeof *last, "%s", reason);
}

Test(service_ready, error_text_stays_with_its_job)
{
    unsigned calls = 0;
    char reason[128] = "";
    const filch_handler handler = {.type = "job", .fn = explains_the_first, .arg = &calls};
    filch_service *service = service_of(
        (filch_service_config){.width = 1, .workers = 1, .after = keeps_reason, .hook_arg = reason},
        &handler, 1);
    publish(service, "job", "");
    publish(service, "job", "");
    OK(filch_service_run_ready(service, NULL));
    cr_assert_eq(calls, 2);
    cr_assert_str_eq(reason, strerror(EINVAL));
    OK(filch_service_destroy(service));
}

Test(service_ready, estimates_rise_fast_and_fall_slowly)
{
    fl_service_type type = {.expected = 1600};
    fl_ready_learn(&type, 0);
    cr_assert_eq(type.expected, 1500);
    fl_ready_learn(&type, FILCH_SECOND);
    cr_assert_eq(type.expected, FILCH_SECOND);
    for (unsigned i = 0; i < 400; i++)
        fl_ready_learn(&type, 100);
    cr_assert_lt(type.expected, 200);
}
