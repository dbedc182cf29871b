/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/pool.h>

#include <filch/pool.h>
#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/observe/page_writer.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/settings.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/topology.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/users.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool_config.h>
#include <runtime/pool/results.h>
#include <runtime/pool/runner.h>
#include <runtime/pool/shutdown.h>
#include <runtime/pool/statistics.h>
#include <runtime/resilience/adaptive.h>
#include <runtime/resilience/breaker.h>
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/limiter.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/wait.h>
#include <sched/assert.h>
#include <sched/mode.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of each object that the configuration names, or NULL; in the order of pool->uses. */
static void find(const filch_pool *pool, fl_users *users[FL_POOL_USES])
{
    const filch_pool_config *config = &pool->config;
    users[0] = config->limiter ? &config->limiter->users : NULL;
    users[1] = config->breaker ? fl_breaker_users(config->breaker) : NULL;
    users[2] = config->dead_letters ? &config->dead_letters->users : NULL;
}

void fl_uses_begin(filch_pool *pool)
{
    fl_users *users[FL_POOL_USES];
    find(pool, users);
    for (unsigned i = 0; i < FL_POOL_USES; i++)
        if (users[i])
            fl_users_enter(users[i], &pool->uses[i], "pool", pool->config.name);
}

void fl_uses_end(filch_pool *pool)
{
    fl_users *users[FL_POOL_USES];
    find(pool, users);
    for (unsigned i = 0; i < FL_POOL_USES; i++)
        if (users[i])
            fl_users_leave(users[i], &pool->uses[i]);
}

/* ---- Pool ---- */

/* A pool's life, and what it does when its lock is released. LeavePool is an edge of
 * runtime/pool/pool.h. */

/* ---- The lock ---- */

/* Do the counts agree with each other, and with the rows? */
static inline bool counts_agree(filch_pool *pool)
{
    const filch_pool_stats *stats = &pool->stats;
    return !stats->waiting == !fl_order_newest(pool) &&
           !stats->delayed == !pool->order.delayed.first &&
           pool->runners.beyond <= stats->running &&
           pool->runners.seeking <= pool->runners.active &&
           pool->runners.active <= pool->runners.made;
}

void fl_pool_leave(filch_pool *pool, const fl_after *after)
{
    FL_ASSERT(counts_agree(pool));
    bool rested = fl_waiters_any(&pool->rest.waiters) && fl_pool_at_rest(pool);
    fl_node *resting = rested ? fl_waiters_claim_all(&pool->rest.waiters, NULL) : NULL;
    filch_runtime *rt = pool->rt;
    fl_intake_open(pool);
    fl_unlock(&pool->queue.room.lock);
    fl_tell_list(resting, 0);
    fl_tell_list(after->told, after->code);
    for (fl_work_item *one = after->started, *next; one; one = next) {
        next = (fl_work_item *)one->node.next;
        fl_start_patient(rt, one);
    }
    for (filch_job *one = after->apart, *next; one; one = next) {
        next = one->age.next;
        fl_job_tell_apart(one);
    }
}

static void count(filch_pool *pool, uint64_t change)
{
    if (filch_u64_add(&pool->refs, change, FILCH_ACQ_REL) + change) /* LeavePool */
        return;
    filch_context_release(pool->context); /* a handle's holder may look at it until now */
    free(pool);
}

void fl_pool_drop(filch_pool *pool)
{
    count(pool, (uint64_t)-1);
}

/* ---- Creation ---- */

static unsigned most_at_a_time(const filch_pool *pool)
{
    unsigned most = (unsigned)pool->stats.width;
    if (pool->direct.tallies)
        return 0; /* its workers take the items */
    if (pool->config.adaptive)
        most = pool->width.aimd.config.max;
    else if (pool->config.width_max)
        most = pool->config.width_max;
    return most + pool->config.spares;
}

/* A worker for each spare. Only the environment asks for more workers than processors: then
 * max_workers is that number, and there are no spares. */
static unsigned slots_of(const filch_pool_config *config)
{
    long processors = sysconf(_SC_NPROCESSORS_CONF);
    unsigned workers = config->workers ? config->workers : (unsigned)processors;
    if (workers < config->max_workers)
        workers = config->max_workers;
    return config->spares || config->max_workers ? workers + config->spares : 0;
}

static int set_up(filch_pool *pool)
{
    filch_pool_config *config = &pool->config;
    filch_config own = {.workers = config->workers,
                        .max_workers = slots_of(config),
                        .bind = config->bind};
    int rc = config->runtime ? 0 : filch_runtime_create(&pool->rt, &own);
    if (rc)
        return rc;
    if (config->runtime)
        pool->rt = config->runtime;
    fl_move_in(pool->rt);
    pool->width.workers = config->runtime ? 0 : filch_runtime_workers(pool->rt);
    rc = fl_runtime_meant(&pool->rt, "filch_pool_create");
    if (!rc)
        rc = filch_context_create(&pool->context, config->context);
    if (!rc && fl_direct_wanted(config))
        rc = fl_direct_open(&pool->direct);
    else if (!rc && config->adaptive)
        rc = fl_aimd_init(&pool->width.aimd, *config->adaptive, fl_now());
    else if (!rc)
        pool->stats.width = config->width ? config->width : filch_runtime_workers(pool->rt);
    if (!rc && config->timed)
        rc = filch_distribution_create(&pool->waits);
    if (!rc && config->timed)
        rc = filch_distribution_create(&pool->runs);
    if (!rc && config->adaptive)
        pool->stats.width = pool->width.aimd.limit;
    if (!rc)
        rc = fl_runners_make(pool, most_at_a_time(pool));
    if (!rc)
        rc = fl_gate_open(pool);
    if (!rc)
        rc = fl_elastic_open(pool);
    const bool needs_lock = config->results || config->run_timeout ||
                            config->full == FILCH_FULL_RUN || fl_has_policies(config);
    pool->all_extra = needs_lock || config->timeout;
    pool->intake.used = !pool->direct.tallies && !needs_lock;
    if (!rc)
        fl_pool_watch(pool);
    pool->shared = (fl_share_pool){.name = config->name, .read = fl_pool_stats_read, .pool = pool};
    if (!rc)
        fl_share_enter(pool->rt, &pool->shared);
    return rc;
}

/* Depends on the time that a job has waited. */
static enum fl_dates dates_for(const filch_pool_config *config)
{
    if (config->timed || config->width_max || config->adaptive || config->stuck_after)
        return FL_DATES_EXACT;
    if (config->order < FILCH_PRIORITY)
        return FL_DATES_NONE;
    return config->aging < FILCH_SECOND ? FL_DATES_EXACT : FL_DATES_COARSE;
}

/* Nothing waits for them. */
static void stop_alarms(filch_pool *pool)
{
    fl_pool_lock(pool);
    for (unsigned i = 0; i < FL_POOL_ALARMS; i++)
        fl_alarm_stop(&pool->alarms[i]);
    fl_gate_close(pool);
    fl_pool_unwatch(pool);
    fl_unlock(&pool->queue.room.lock);
}

static void take_down(filch_pool *pool)
{
    fl_share_leave(pool->rt, &pool->shared);
    stop_alarms(pool); /* if creation got no further; they have not rung */
    for (fl_runner *one; (one = pool->runners.newest);) {
        pool->runners.newest = one->made_before;
        free(one);
    }
    if (pool->rt)
        fl_move_out(pool->rt);
    if (pool->rt && !pool->config.runtime)
        filch_runtime_destroy(pool->rt);
    fl_results_leave(pool->config.results);
    filch_distribution_destroy(pool->waits);
    filch_distribution_destroy(pool->runs);
    fl_direct_close(&pool->direct);
    fl_timer_row_clear(&pool->order.by_deadline);
    fl_timer_row_clear(&pool->deadlines.dues);
    fl_timer_heap_clear(&pool->deadlines.run_dues);
    fl_places_clear(&pool->places);
    fl_uses_end(pool);
    fl_life_end(&pool->life);
    count(pool, pool->rest.handed - FL_POOL_OPEN);
}

int filch_pool_create(filch_pool **out, const filch_pool_config *config)
{
    if (!out)
        return fl_fail(EINVAL, "filch_pool_create without an address for the pool; pass one");
    filch_pool_config wanted;
    int rc = fl_pool_config_take(&wanted, config);
    filch_pool *pool = rc ? NULL : calloc(1, sizeof *pool);
    if (!pool)
        return rc ? rc : fl_fail(ENOMEM, "no memory for a pool; free some");
    fl_life_begin(&pool->life);
    pool->config = wanted;
    pool->dates = dates_for(&pool->config);
    pool->cells = pool->dates ? FL_CELLS_POOL_JOBS : FL_CELLS_LINES;
    filch_u64_store(&pool->refs, FL_POOL_OPEN, FILCH_RELAXED); /* not yet shared */
    fl_results_enter(pool->config.results);
    fl_uses_begin(pool);
    rc = set_up(pool);
    if (rc)
        take_down(pool);
    else
        *out = pool;
    return rc;
}

/* ---- The end ---- */

static void check_accounts(const filch_pool *pool)
{
    filch_pool_stats stats;
    uint64_t sum = 0;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        sum += stats.outcomes[i];
    if (sum != stats.accepted)
        filch_die("pool %s: %llu jobs were accepted, %llu have an outcome; please report this",
                  pool->config.name, (unsigned long long)stats.accepted, (unsigned long long)sum);
}

int filch_pool_destroy(filch_pool *pool)
{
    FL_MAY_LIVE(pool);
    if (!pool)
        return 0;
    bool own = !pool->config.runtime && filch_runtime_here() == pool->rt;
    if (own || fl_job_here(pool))
        return fl_fail(EDEADLK,
                       "filch_pool_destroy by a task of pool %s; close it there, and destroy "
                       "it outside",
                       pool->config.name);
    filch_pool_close(pool);
    int rc = fl_pool_wait("filch_pool_destroy", pool, FILCH_FOREVER);
    if (rc)
        return rc;
    stop_alarms(pool);
    rc = fl_pool_wait("filch_pool_destroy", pool, FILCH_FOREVER);
    if (rc)
        return rc;
    check_accounts(pool);
    take_down(pool);
    return 0;
}

/* ---- Queries ---- */

void filch_pool_stats_read(const filch_pool *pool, filch_pool_stats *out, size_t size)
{
    FL_MUST_LIVE(pool);
    FL_MUST_GIVE(out);
    filch_pool *locked = (filch_pool *)(uintptr_t)pool;
    fl_pool_lock(locked);
    filch_pool_stats all = pool->stats;
    all.held = pool->rest.handed + filch_u64_load(&pool->refs, FILCH_RELAXED) -
               FL_POOL_OPEN; /* a number */
    fl_intake_open(locked);
    fl_unlock(&locked->queue.room.lock);
    fl_direct_sums plain;
    uint64_t ended = 0;
    fl_direct_sum(&pool->direct, &plain);
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++) {
        all.outcomes[i] += plain.outcomes[i];
        ended += plain.outcomes[i];
    }
    all.accepted += plain.accepted;
    all.waiting += all.delayed;
    all.waiting += plain.accepted - plain.begun;
    all.running += plain.begun - ended;
    fl_answer(out, size, &all, sizeof all);
}

void fl_pool_stats_read(const void *pool, void *stats, size_t size)
{
    filch_pool_stats_read(pool, stats, size);
}

/* ---- Presets ---- */

/* Configurations of pools for the two kinds of jobs. */

enum {
    THREADS = 2,     /* workers per core, of jobs that wait */
    IN_PROGRESS = 4, /* jobs per core, */
    AT_THE_MOST = 64 /* at the most */
};

/* Cores that this process may use. If that cannot be found out, creation will say why. */
static unsigned cores(void)
{
    const fl_topology *topology;
    return fl_topology_load(&topology)
               ? 1
               : fl_topology_default_workers(topology, FL_BIND_CORE, FL_CORES_ALL, NULL);
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
