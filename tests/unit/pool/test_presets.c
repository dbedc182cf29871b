/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configurations of pools for jobs that compute and for jobs that wait; where workers are bound. */
#include <runtime/platform/machine/topology.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

TestSuite(presets, .init = have_fibers);

static unsigned cores(void)
{
    const fl_topology *topology;
    cr_assert_eq(fl_topology_load(&topology), 0);
    return fl_topology_default_workers(topology, FL_BIND_CORE, FL_CORES_ALL, NULL);
}

struct place {
    unsigned workers;
    char text[4000];
};

static int look_around(filch_self self, filch_job *job, void *arg)
{
    struct place *place = arg;
    place->workers = filch_runtime_workers(filch_runtime_here());
    filch_runtime_describe(filch_runtime_here(), place->text, sizeof place->text);
    return 0;
}

static void look(filch_pool *pool, struct place *out)
{
    filch_job *job;
    OK(filch_pool_submit(&job, pool, look_around, out, NULL, FILCH_FOREVER));
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
}

Test(presets, cpu_bound_pins_worker_per_core)
{
    struct place place;
    filch_pool_stats stats;
    filch_pool *pool = pool_of(filch_pool_cpu_bound());
    look(pool, &place);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(place.workers, cores());
    cr_assert_eq(stats.width, cores());
    OK(filch_pool_destroy(pool));
}

Test(presets, io_bound_floats_several_per_core)
{
    struct place place;
    gate at = {0};
    filch_pool_config config = filch_pool_io_bound();
    config.interval = FILCH_MILLISECOND / 10;
    config.width_max = config.width + 3;
    filch_pool *pool = pool_of(config);
    look(pool, &place);
    cr_assert_eq(place.workers, 2 * cores());
    cr_assert_eq(config.width, 4 * cores());
    for (unsigned i = 0; i < config.width_max; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    signpost_wait(&at.begun, config.width_max);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

Test(presets, presets_state_worker_binding)
{
    cr_assert_str_eq(filch_pool_cpu_bound().bind, "auto");
    cr_assert_str_eq(filch_pool_io_bound().bind, "none");
    cr_assert_eq(filch_pool_io_bound().width_max, 64 * cores());
}

Test(presets, shared_runtime_refuses_worker_binding)
{
    filch_runtime *rt = config_runtime(1, 0);
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .bind = "core"}),
                 -EINVAL);
    cr_assert(!pool && strstr(filch_error(), "runtime and bind"), "%s", filch_error());
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.bind = "somewhere"}), -EINVAL);
    cr_assert(!pool && strstr(filch_error(), "somewhere"), "%s", filch_error());
    OK(filch_runtime_destroy(rt));
}

Test(presets, an_older_shorter_configuration_is_understood)
{
    filch_pool_config config = {.size = offsetof(filch_pool_config, aging), .width = 1};
    config.aging = -1; /* a field unknown to the caller */
    filch_pool *pool = pool_of(config);
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.width, 1);
    OK(filch_pool_destroy(pool));
}
