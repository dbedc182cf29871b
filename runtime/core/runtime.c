/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Life and queries of a runtime. E1, E3 and E6 are edges of runtime/core/park.c. */
#include <runtime/core/atfork.h>
#include <runtime/core/callbacks.h>
#include <runtime/core/describe.h>
#include <runtime/core/error.h>
#include <runtime/core/fence.h>
#include <runtime/core/overflow.h>
#include <runtime/core/worker.h>
#include <runtime/queue/queue.h>
#include <runtime/sync/deadlock.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void choose_size(fl_runtime *rt)
{
    unsigned workers = rt->settings.workers, slots = rt->settings.worker_slots;
    if (!workers)
        workers = fl_topology_default_workers(rt->topology, rt->settings.bind, NULL);
    if (workers > FL_MOST_WORKERS)
        workers = FL_MOST_WORKERS;
    if (slots < workers)
        slots = workers;
    rt->cores = fl_topology_units(rt->topology, rt->settings.bind);
    rt->cpus = fl_topology_cpus(rt->topology);
    fl_crew_init(&rt->crew, workers, slots);
    /* One for each worker's loop, and one that waits for something that a task has yet to do. */
    if (rt->settings.max_fibers < slots + 1)
        rt->settings.max_fibers = slots + 1;
}

static void choose_fence(fl_runtime *rt)
{
    rt->asymmetric = !rt->settings.full_fence && rt->discipline->side != FL_SIDE_FENCED &&
                     fl_fence_register() == 0;
}

static void free_workers(fl_runtime *rt)
{
    for (unsigned i = 0; rt->worker && i < rt->crew.most && rt->worker[i]; i++)
        fl_worker_destroy(rt->worker[i]);
    free(rt->worker);
    free(rt->thefts);
}

/* Rows of counts that share no line, of zero pages that are never touched where nobody steals. */
static size_t theft_row(unsigned slots)
{
    size_t each = FILCH_APART / sizeof(filch_u64);
    return (slots + each - 1) / each * each + each;
}

static int create_workers(fl_runtime *rt)
{
    unsigned slots = rt->crew.most;
    size_t row = theft_row(slots);
    rt->worker = calloc(slots, sizeof *rt->worker);
    rt->thefts = calloc(slots * row, sizeof *rt->thefts);
    int rc = rt->worker && rt->thefts
                 ? 0
                 : fl_fail(ENOMEM, "no memory for %u workers; free some, or have fewer", slots);
    for (unsigned i = 0; !rc && i < slots; i++) {
        rc = fl_worker_create(rt, i, &rt->worker[i]);
        if (!rc)
            rt->worker[i]->thefts = rt->thefts + i * row;
    }
    if (rc)
        free_workers(rt);
    return rc;
}

/* Its thread ends by itself as soon as it is told. */
static void stop_worker(fl_worker *worker)
{
    pthread_join(worker->thread, NULL);
    fl_fork_release(); /* held by the worker at its end */
}

/* Tasks may still start some; once the first has ended they are all over. */
static void stop_workers(fl_runtime *rt)
{
    for (unsigned i = 0; i < fl_reach(rt); i++)
        stop_worker(rt->worker[i]);
}

static int start_workers(fl_runtime *rt)
{
    unsigned workers = fl_workers(rt);
    for (unsigned i = 0; i < workers; i++) {
        int rc = fl_worker_start(rt->worker[i]);
        if (rc) {
            filch_u32_store(&rt->finished, 1, FILCH_SEQ_CST); /* E3 */
            fl_ring_everybody(rt);
            while (i)
                stop_worker(rt->worker[--i]);
            return rc;
        }
    }
    return 0;
}

static void set_policy(fl_runtime *rt, const fl_policy *policy)
{
    filch_ptr_store(&rt->policy, (void *)(uintptr_t)policy,
                    FILCH_RELEASE); /* whoever loads it sees its row */
}

int filch_runtime_set_policy(filch_runtime *rt, const char *name)
{
    const fl_policy *policy;
    int rc = fl_runtime_meant(&rt, "filch_runtime_set_policy");
    if (!rc)
        rc = fl_policy_find(&policy, name);
    if (!rc)
        set_policy(rt, policy);
    return rc;
}

/* All that can fail before there are threads. */
static int build(fl_runtime *rt)
{
    int rc = fl_topology_load(&rt->topology);
    if (rc)
        return rc;
    rt->discipline = rt->settings.discipline;
    choose_size(rt);
    choose_fence(rt);
    set_policy(rt, rt->settings.policy);
    fl_idle_init(&rt->idle, rt->crew.most - fl_workers(rt));
    fl_inbox_init(&rt->inbox);
    rc = fl_fibers_init(&rt->fibers, fl_workers(rt), rt->settings.max_fibers,
                        rt->settings.stack_size,
                        rt->asymmetric ? rt->discipline->side : FL_SIDE_FENCED);
    if (rc)
        return rc;
    rc = create_workers(rt);
    if (rc)
        goto fail_workers;
    if (rt->discipline->create && rt->discipline->create(rt)) {
        rc = fl_fail(ENOMEM, "no memory for the queue %s; free some", rt->discipline->name);
        goto fail_queue;
    }
    return 0;
fail_queue:
    free_workers(rt);
fail_workers:
    fl_fibers_clear(&rt->fibers);
    return rc;
}

static void dismantle(fl_runtime *rt)
{
    if (rt->discipline->destroy)
        rt->discipline->destroy(rt);
    free_workers(rt);
    fl_fibers_clear(&rt->fibers);
}

static int prepare_process(void)
{
    int rc = fl_fork_prepare();
    if (!rc)
        rc = fl_overflow_install();
    return rc ? rc : fl_callbacks_prepare();
}

int filch_runtime_create(filch_runtime **out, const filch_config *config)
{
    fl_runtime *rt =
        aligned_alloc(FILCH_APART, (sizeof *rt + FILCH_APART - 1) & ~(size_t)(FILCH_APART - 1));
    if (!rt)
        return fl_fail(ENOMEM, "no memory for a runtime; free some");
    memset(rt, 0, sizeof *rt);
    int rc = fl_settings_resolve(&rt->settings, config);
    if (!rc)
        rc = prepare_process();
    if (!rc)
        rc = build(rt);
    if (rc)
        goto fail_build;
    rt->fork_generation = fl_fork_generation();
    pthread_sigmask(SIG_SETMASK, NULL, &rt->signals);
    rc = start_workers(rt);
    if (rc)
        goto fail_start;
    fl_thread_noted();
    fl_detector_enlist(rt);
    if (rt->settings.info)
        fl_describe_print(rt);
    *out = rt;
    return 0;
fail_start:
    dismantle(rt);
fail_build:
    free(rt);
    return rc;
}

/* For the detector of deadlocks a wait like any other, which the last worker ends. */
static void wait_for_workers(fl_runtime *rt)
{
    fl_thread_noted();
    fl_thread_waits();
    fl_suspect();
    stop_workers(rt);
    fl_thread_told();
}

int filch_runtime_destroy(filch_runtime *rt)
{
    if (!rt)
        return 0;
    if (rt->fork_generation != fl_fork_generation())
        return fl_fail(ECHILD,
                       "this runtime belongs to the parent process; only the parent destroys it");
    fl_worker *here = fl_carrier_here();
    if (here && here->rt == rt)
        return fl_fail(EDEADLK,
                       "a task cannot destroy the runtime it runs on; destroy it from outside");
    uint32_t tenants = filch_u32_load(&rt->tenants, FILCH_RELAXED); /* a count against mistakes */
    if (tenants)
        return fl_fail(EBUSY,
                       "a runtime is destroyed on which %u pools, batchers or pipelines live; "
                       "destroy them first",
                       tenants);
    filch_u32_store(&rt->stopping, 1, FILCH_SEQ_CST); /* E1 */
    filch_fence_seq_cst();                            /* E1 */
    fl_wake_one(rt, 0,
                FL_UNLESS_SEARCHING); /* the last one to fall asleep sees that everything is over */
    if (!here)
        wait_for_workers(rt);
    else
        stop_workers(rt);
    while (filch_u32_load(&rt->inbox.visitors, FILCH_ACQUIRE)) /* E6 */
        sched_yield();
    fl_blocking_stop(rt);
    fl_detector_strike_off(rt);
    dismantle(rt);
    free(rt);
    return 0;
}

size_t filch_runtime_describe(const filch_runtime *rt, char *text, size_t size)
{
    return fl_describe(rt, text, size);
}
