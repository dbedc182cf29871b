/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool's life, and what it does when its lock is released. B5 is an edge of runtime/pool/pool.h. */
#include <runtime/pool/order.h>
#include <runtime/pool/results.h>

#include <runtime/core/call.h>
#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/policy/retry.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The lock ---- */

void fl_pool_leave(filch_pool *pool, const fl_after *after)
{
    bool rested = fl_waiters_any(&pool->resting) && fl_pool_at_rest(pool);
    fl_node *resting = rested ? fl_waiters_claim_all(&pool->resting, NULL) : NULL;
    filch_runtime *rt = pool->rt;
    fl_unlock(&pool->room.lock);
    fl_tell_list(resting, 0);
    fl_tell_list(after->told, after->code);
    for (fl_job *one = after->started, *next; one; one = next) {
        next = (fl_job *)one->node.next;
        fl_start_patient(rt, one);
    }
    for (filch_job *one = after->apart, *next; one; one = next) {
        next = one->age.next;
        fl_job_tell_apart(one);
    }
}

void fl_pool_drop(filch_pool *pool)
{
    if (filch_u32_add(&pool->refs, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* B5 */
        return;
    filch_context_release(pool->context); /* who has a handle may look at it until now */
    free(pool);
}

/* ---- Creation ---- */

/* A shorter, older configuration is read as far as it goes. */
static int copy(filch_pool_config *known, const filch_pool_config *config)
{
    if (config->size > sizeof *known)
        return fl_fail(EINVAL,
                       "a pool configuration of %zu bytes, %zu are known; build against this "
                       "library's headers",
                       config->size, sizeof *known);
    memset(known, 0, sizeof *known);
    memcpy(known, config, config->size ? config->size : sizeof *known);
    return 0;
}

static int check(const filch_pool_config *config)
{
    if (config->runtime && (config->workers || config->worker_slots))
        return fl_fail(EINVAL, "a pool with a runtime and %u workers of its own; choose one",
                       config->workers ? config->workers : config->worker_slots);
    if (config->runtime && config->bind)
        return fl_fail(EINVAL,
                       "a pool that is to bind the workers of a runtime that is there (%s); leave "
                       "out one of the two",
                       config->bind);
    if (config->width > FILCH_WIDTH_MAX)
        return fl_fail(EINVAL, "a pool %u jobs wide; %d is the most", config->width,
                       FILCH_WIDTH_MAX);
    if ((unsigned)config->order >= FILCH_ORDERS || (unsigned)config->full >= FILCH_FULL_POLICIES)
        return fl_fail(EINVAL,
                       "a pool of order %d that does %d when it is full; see filch_pool_order and "
                       "filch_when_full",
                       (int)config->order, (int)config->full);
    if (config->aging < 0 || config->timeout < 0)
        return fl_fail(EINVAL, "a pool with a negative time; aging and timeout are nanoseconds");
    if (config->adaptive && (config->width || config->width_max))
        return fl_fail(EINVAL, "an adaptive pool with a width; it finds itself, leave width and "
                               "width_max 0");
    int rc = config->retry ? fl_retry_check(config->retry) : 0;
    if (!rc)
        rc = fl_stuck_check(config);
    return rc ? rc : fl_elastic_check(config);
}

static unsigned most_at_a_time(const filch_pool *pool)
{
    unsigned most = (unsigned)pool->stats.width;
    if (pool->direct.tallies)
        return 0; /* its workers take the items */
    if (pool->config.adaptive)
        most = pool->aimd.config.max;
    else if (pool->config.width_max)
        most = pool->config.width_max;
    return most + pool->config.spares;
}

/* A worker for each spare. More workers than processors come from the environment alone: then there are
 * as many slots as that, and no spares. */
static unsigned slots_of(const filch_pool_config *config)
{
    long processors = sysconf(_SC_NPROCESSORS_CONF);
    unsigned workers = config->workers ? config->workers : (unsigned)processors;
    if (workers < config->worker_slots)
        workers = config->worker_slots;
    return config->spares || config->worker_slots ? workers + config->spares : 0;
}

static int set_up(filch_pool *pool)
{
    filch_pool_config *config = &pool->config;
    filch_config own = {.workers = config->workers,
                        .worker_slots = slots_of(config),
                        .bind = config->bind};
    int rc = config->runtime ? 0 : filch_runtime_create(&pool->rt, &own);
    if (rc)
        return rc;
    if (config->runtime)
        pool->rt = config->runtime;
    fl_move_in(pool->rt);
    pool->workers = config->runtime ? 0 : filch_runtime_workers(pool->rt);
    rc = fl_runtime_meant(&pool->rt, "filch_pool_create");
    if (!rc)
        rc = filch_context_create(&pool->context, config->context);
    if (!rc && fl_direct_wanted(config))
        rc = fl_direct_open(&pool->direct, config->timed);
    else if (!rc && config->adaptive)
        rc = fl_aimd_init(&pool->aimd, *config->adaptive, fl_now());
    else if (!rc)
        pool->stats.width = config->width ? config->width : filch_runtime_workers(pool->rt);
    if (!rc && config->timed)
        rc = filch_distribution_create(&pool->waits);
    if (!rc && config->timed)
        rc = filch_distribution_create(&pool->runs);
    if (!rc && config->adaptive)
        pool->stats.width = pool->aimd.limit;
    if (!rc)
        rc = fl_runners_make(pool, most_at_a_time(pool));
    if (!rc)
        rc = fl_gate_open(pool);
    return rc ? rc : fl_elastic_open(pool);
}

/* Nothing waits for what they do. */
static void stop_alarms(filch_pool *pool)
{
    fl_lock(&pool->room.lock);
    for (unsigned i = 0; i < FL_POOL_ALARMS; i++)
        fl_alarm_stop(&pool->alarms[i]);
    fl_gate_close(pool);
    fl_unlock(&pool->room.lock);
}

static void take_down(filch_pool *pool)
{
    stop_alarms(pool); /* where it came to no more than creation; they have not rung */
    for (fl_runner *one; (one = pool->newest);) {
        pool->newest = one->made_before;
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
    fl_timer_heap_clear(&pool->by_deadline);
    fl_pool_drop(pool);
}

int filch_pool_create(filch_pool **out, const filch_pool_config *config)
{
    static const filch_pool_config plain;
    if (!out)
        return fl_fail(EINVAL, "filch_pool_create without a place for the pool; give it one");
    filch_pool_config wanted;
    int rc = copy(&wanted, config ? config : &plain);
    if (!rc)
        rc = check(&wanted);
    filch_pool *pool = rc ? NULL : calloc(1, sizeof *pool);
    if (!pool)
        return rc ? rc : fl_fail(ENOMEM, "no memory for a pool; free some");
    pool->config = wanted;
    if (!pool->config.name)
        pool->config.name = "pool";
    if (!pool->config.aging)
        pool->config.aging = FILCH_SECOND;
    fl_elastic_complete(&pool->config);
    filch_u32_store(&pool->refs, 1, FILCH_RELAXED); /* not yet shared */
    fl_results_enter(pool->config.results);
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
    filch_pool_stats_read(pool, &stats);
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        sum += stats.outcomes[i];
    if (sum != stats.accepted)
        filch_die("pool %s: %llu jobs were accepted, %llu have an outcome; please report this",
                  pool->config.name, (unsigned long long)stats.accepted, (unsigned long long)sum);
}

int filch_pool_destroy(filch_pool *pool)
{
    if (!pool)
        return 0;
    bool own = !pool->config.runtime && filch_runtime_here() == pool->rt;
    if (own || fl_job_here(pool))
        return fl_fail(EDEADLK,
                       "filch_pool_destroy by a task of pool %s; close it there, and destroy "
                       "it outside",
                       pool->config.name);
    filch_pool_close(pool);
    int rc = filch_pool_wait(pool, FILCH_FOREVER);
    if (rc)
        return rc;
    stop_alarms(pool);
    rc = filch_pool_wait(pool, FILCH_FOREVER);
    if (rc)
        return rc;
    check_accounts(pool);
    take_down(pool);
    return 0;
}

/* ---- Queries ---- */

void filch_pool_stats_read(const filch_pool *pool, filch_pool_stats *out)
{
    filch_u32 *lock = (filch_u32 *)(uintptr_t)&pool->room.lock;
    fl_lock(lock);
    *out = pool->stats;
    fl_unlock(lock);
    fl_direct_sums plain;
    uint64_t ended = 0;
    fl_direct_sum(&pool->direct, &plain);
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++) {
        out->outcomes[i] += plain.outcomes[i];
        ended += plain.outcomes[i];
    }
    out->accepted += plain.accepted;
    out->waiting += out->delayed;
    out->waiting += plain.accepted - plain.begun;
    out->running += plain.begun - ended;
}
