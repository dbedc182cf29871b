/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service on a database receives many short jobs in advance, but few long ones. */
#include <filch/timer.h>
#include <tests/service/service.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

enum { WIDTH = 4, SHORT = 1000, LONG = 8 };

static int handle(filch_self self, filch_service_job *job, void *pause)
{
    return filch_sleep(*(const int64_t *)pause);
}

/* Returns the most messages that the service has held. */
static uint64_t held_most(unsigned jobs, int64_t pause, unsigned buffer)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db?sync=normal", folder_make());
    const filch_handler handler = {.type = "one", .fn = handle, .arg = &pause};
    filch_service *service =
        service_of((filch_service_config){.broker = url, .width = WIDTH, .buffer = buffer},
                   &handler, 1);
    for (unsigned i = 0; i < jobs; i++)
        publish(service, "one", "");
    cr_assert_eq(run_ready(service), jobs);
    uint64_t most = service_stats(service).held_most;
    OK(filch_service_destroy(service));
    return most;
}

Test(ahead_sqlite, short_jobs_fill_the_buffer)
{
    uint64_t most = held_most(SHORT, FILCH_MILLISECOND, 0);
    cr_assert(most > WIDTH + 50 && most <= WIDTH + 100, "%llu", (unsigned long long)most);
}

Test(ahead_sqlite, long_jobs_wait_in_the_broker)
{
    uint64_t most = held_most(LONG, 300 * FILCH_MILLISECOND, 0);
    cr_assert(most <= 2 * WIDTH, "%llu", (unsigned long long)most);
}

Test(ahead_sqlite, buffer_that_is_set_is_used)
{
    cr_assert_eq(held_most(LONG, 300 * FILCH_MILLISECOND, LONG), LONG);
    cr_assert_leq(held_most(LONG, 0, 2), WIDTH + 2);
}
