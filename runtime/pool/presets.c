/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configurations of pools for the two kinds of jobs. */
#include <filch/pool.h>
#include <runtime/engine/settings.h>
#include <runtime/platform/bind.h>
#include <runtime/platform/topology.h>

enum {
    THREADS = 2,     /* workers per core, of jobs that wait */
    IN_PROGRESS = 4, /* jobs per core, */
    AT_THE_MOST = 64 /* at the most */
};

/* Cores that this process may use. If that cannot be found out, creation will say why. */
static unsigned cores(void)
{
    const fl_topology *topology;
    return fl_topology_load(&topology) ? 1
                                       : fl_topology_default_workers(topology, FL_BIND_CORE, NULL);
}

static unsigned at_most(unsigned count, unsigned limit)
{
    return count < limit ? count : limit;
}

filch_pool_config filch_pool_cpu_bound(void)
{
    return (
        filch_pool_config){.size = sizeof(filch_pool_config), .order = FILCH_FIFO, .bind = "auto"};
}

filch_pool_config filch_pool_io_bound(void)
{
    unsigned count = at_most(cores(), FILCH_WIDTH_MAX / AT_THE_MOST);
    return (filch_pool_config){.size = sizeof(filch_pool_config),
                               .workers = at_most(THREADS * count, FL_MOST_WORKERS),
                               .width = IN_PROGRESS * count,
                               .order = FILCH_FIFO,
                               .width_max = AT_THE_MOST * count,
                               .bind = "none"};
}
