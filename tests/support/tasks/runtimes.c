/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

const unsigned config_workers[] = {1, 2, 8, 64};

filch_config config_of(unsigned i, unsigned max_fibers)
{
    return (filch_config){.workers = config_workers[i / 2],
                          .queue = fib_queues[i % 2],
                          .max_fibers = max_fibers};
}

filch_runtime *config_runtime(unsigned i, unsigned max_fibers)
{
    filch_config config = config_of(i, max_fibers);
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &config))
        filch_die("%s", filch_error());
    return rt;
}

const char *config_name(unsigned i)
{
    static char name[64];
    snprintf(name, sizeof name, "%u workers, %s", config_workers[i / 2], fib_queues[i % 2]);
    return name;
}

void have_fibers(void)
{
    setenv("FILCH_MAX_FIBERS", "10000", 1);
}

filch_runtime *mode_runtime(filch_config config)
{
    filch_runtime *rt;
    config.size = sizeof config;
    config.guest = "0";
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

filch_runtime_stats mode_stats(const filch_runtime *rt)
{
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    return stats;
}

void mode_is_described(filch_runtime *rt, const char *line)
{
    char text[4096];
    cr_assert(filch_runtime_describe(rt, text, sizeof text) < sizeof text);
    cr_assert_not_null(strstr(text, line), "%s", text);
    filch_runtime_destroy(rt);
}
