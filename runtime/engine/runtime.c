/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Life and queries of a runtime. RequestStop, FinishRuntime and ReadVisitors are edges of
 * runtime/engine/park.c. */
#include <runtime/engine/runtime.h>

#include <runtime/engine/events.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/observe/page_writer.h>
#include <runtime/engine/observe/tracing.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/park.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/cycle_clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/fence.h>
#include <runtime/platform/given.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/placement.h>
#include <runtime/platform/machine/quota.h>
#include <runtime/platform/machine/topology.h>
#include <runtime/platform/memory/locked_memory.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/rcu_thread.h>
#include <runtime/platform/spin.h>
#include <runtime/platform/text/text_builder.h>
#include <runtime/platform/thread.h>
#include <runtime/platform/uncancelled.h>
#include <runtime/platform/upcalls.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/trace/format.h>
#include <sched/forkstack.h>
#include <sched/mode.h>
#include <sched/victims/policy.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The mask that placement starts from. On a machine that hwloc imagines, every CPU is usable. */
static const struct fl_affinity *usable(const fl_runtime *rt)
{
    static const struct fl_affinity everything;
    return rt->only.set ? &rt->only : fl_topology_real(rt->topology) ? &rt->home : &everything;
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void choose_size(fl_runtime *rt)
{
    unsigned workers = rt->settings.workers, slots = rt->settings.max_workers;
    if (!workers)
        workers =
            fl_topology_default_workers(rt->topology, rt->settings.bind, rt->settings.cores, NULL);
    if (workers > FL_MOST_WORKERS)
        workers = FL_MOST_WORKERS;
    if (slots < workers)
        slots = workers;
    rt->cpus = fl_topology_cpus(rt->topology);
    if (rt->only.set && fl_topology_real(rt->topology))
        rt->cpus = smaller(rt->cpus, (unsigned)CPU_COUNT_S(rt->only.size, rt->only.set));
    fl_worker_set_init(&rt->worker_set, workers, slots);
    /* One for each worker's loop, and one that may wait for a task that has yet to run. */
    if (rt->settings.max_fibers < slots + 1)
        rt->settings.max_fibers = slots + 1;
}

/* The quota matters only to a runtime that would be pinned without it. */
static int choose_places(fl_runtime *rt)
{
    struct fl_placing in = {.topology = rt->topology,
                            .mask = usable(rt),
                            .bind = rt->settings.bind,
                            .workers = fl_workers(rt)};
    if (in.bind == FL_BIND_AUTO && fl_topology_real(rt->topology) &&
        in.workers == fl_bind_units(in.topology, in.mask, in.bind))
        fl_quota_read(NULL, &in.quota);
    return fl_residents_enter(&rt->resident, &in);
}

static void choose_queue(fl_runtime *rt)
{
    const fl_queue *queue = rt->settings.queue;
    bool recorded = rt->settings.trace.file && rt->settings.trace.level == FL_TRACE_TASKS;
    rt->queue =
        (recorded || rt->settings.span || fl_virtual()) && queue->outline ? queue->outline : queue;
}

static void choose_fence(fl_runtime *rt)
{
    rt->asymmetric =
        !rt->settings.full_fence && rt->queue->side != FL_SIDE_FENCED && fl_fence_register() == 0;
}

static void free_workers(fl_runtime *rt)
{
    for (unsigned i = 0; rt->worker && i < rt->worker_set.most && rt->worker[i]; i++)
        fl_worker_destroy(rt->worker[i]);
    free(rt->worker);
    free(rt->thefts);
}

/* Rows of counts that share no line; their zero pages stay untouched while nothing is stolen. */
static size_t theft_row(unsigned slots)
{
    size_t each = FILCH_APART / sizeof(filch_u64);
    return (slots + each - 1) / each * each + each;
}

static int create_workers(fl_runtime *rt)
{
    unsigned slots = rt->worker_set.most;
    size_t row = theft_row(slots);
    rt->worker = calloc(slots, sizeof *rt->worker);
    rt->thefts = calloc(slots * row, sizeof *rt->thefts);
    int rc = rt->worker && rt->thefts
                 ? 0
                 : fl_fail(ENOMEM, "no memory for %u workers; free some, or use fewer", slots);
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
    fl_thread_join(&worker->thread);
    fl_fork_release(); /* held by the worker at its end */
}

/* Tasks may still start some threads; once the first has ended they all end. */
static void stop_workers(fl_runtime *rt)
{
    for (unsigned i = 0; i < fl_reach(rt); i++)
        stop_worker(rt->worker[i]);
}

static int start_workers(fl_runtime *rt)
{
    unsigned workers = rt->seats ? 0 : fl_workers(rt);
    for (unsigned i = 0; i < workers; i++) {
        int rc = fl_worker_start(rt->worker[i]);
        if (rc) {
            filch_u32_store(&rt->finished, 1, FILCH_SEQ_CST); /* FinishRuntime */
            fl_unpark_all(rt);
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
                    FILCH_RELEASE); /* a thread that loads it sees its row */
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

/* Seats are pinned to nothing, so only reports and a policy use distances. */
static int find_topology(fl_runtime *rt)
{
    const fl_settings *s = &rt->settings;
    const bool seen = s->trace.file || s->share || s->policy == &fl_policy_nearest;
    return rt->seats && !seen ? fl_topology_flat(&rt->topology) : fl_topology_load(&rt->topology);
}

/* All that can fail before there are threads. */
static int build(fl_runtime *rt)
{
    int rc = find_topology(rt);
    if (rc)
        return rc;
    choose_queue(rt);
    rt->home = fl_affinity_home();
    rt->only = fl_topology_only(rt->topology, usable(rt), rt->settings.cores);
    choose_size(rt);
    choose_fence(rt);
    set_policy(rt, rt->settings.policy);
    fl_idle_init(&rt->idle, rt->worker_set.most - (rt->seats ? 0 : fl_workers(rt)));
    fl_inbox_init(&rt->inbox);
    rc = fl_fibers_init(&rt->fibers, fl_workers(rt), rt->settings.max_fibers,
                        rt->settings.stack_size, rt->asymmetric ? rt->queue->side : FL_SIDE_FENCED);
    if (rc)
        goto fail_fibers;
    rc = choose_places(rt);
    if (rc)
        goto fail_places;
    rc = create_workers(rt);
    if (rc)
        goto fail_workers;
    if (rt->queue->create && rt->queue->create(rt)) {
        rc = fl_fail(ENOMEM, "no memory for the queue %s; free some", rt->queue->name);
        goto fail_queue;
    }
    return 0;
fail_queue:
    free_workers(rt);
fail_workers:
    fl_residents_leave(&rt->resident);
fail_places:
    fl_fibers_clear(&rt->fibers);
fail_fibers:
    fl_affinity_free(&rt->only);
    fl_affinity_free(&rt->home);
    return rc;
}

static void dismantle(fl_runtime *rt)
{
    if (rt->queue->destroy)
        rt->queue->destroy(rt);
    free_workers(rt);
    fl_residents_leave(&rt->resident);
    fl_fibers_clear(&rt->fibers);
    fl_affinity_free(&rt->only);
    fl_affinity_free(&rt->home);
}

static int prepare_process(void)
{
    if (fl_tsan_elsewhere())
        return fl_fail(ENOTSUP,
                       "the program is built with -fsanitize=thread, but the library is not; "
                       "build the library with its preset tsan, or the program without");
    int rc = fl_fork_prepare();
    if (!rc)
        rc = fl_overflow_install();
    return rc ? rc : fl_callbacks_prepare();
}

static int measure(fl_runtime *rt)
{
    if (!rt->settings.span)
        return 0;
    rt->work_span = fl_work_span_create(fl_ticks_are_steady());
    if (!rt->work_span)
        return fl_fail(ENOMEM, "no memory to measure work and span; free some");
    fl_event_publish(rt, NULL);
    return 0;
}

static int create(filch_runtime **out, const filch_config *config, bool seats)
{
    fl_runtime *rt =
        aligned_alloc(FILCH_APART, (sizeof *rt + FILCH_APART - 1) & ~(size_t)(FILCH_APART - 1));
    if (!rt)
        return fl_fail(ENOMEM, "no memory for a runtime; free some");
    memset(rt, 0, sizeof *rt);
    rt->seats = seats;
    fl_life_begin(&rt->life);
    int rc = fl_settings_resolve(&rt->settings, config, seats);
    if (!rc)
        rc = prepare_process();
    if (!rc)
        rc = build(rt);
    if (rc)
        goto fail_build;
    rt->fork_generation = fl_fork_generation();
    rc = measure(rt);
    if (!rc && rt->settings.trace.file)
        rc = fl_tracing_start(rt, &rt->settings.trace);
    if (!rc)
        rc = fl_share_start(rt);
    if (rc)
        goto fail_start;
    rt->fpmode = fl_fpmode_now();
    pthread_sigmask(SIG_SETMASK, NULL, &rt->signals);
    rc = start_workers(rt);
    if (rc)
        goto fail_start;
    fl_thread_noted();
    fl_hooks.created(rt);
    if (rt->settings.info)
        fl_describe_print(rt);
    fl_share_allow(rt, true);
    *out = rt;
    return 0;
fail_start:
    fl_share_stop(rt);
    fl_tracing_end(rt);
    fl_work_span_destroy(rt->work_span);
    dismantle(rt);
    free(rt);
    return rc;
fail_build:
    free(rt->settings.trace.file);
    free(rt);
    return rc;
}

int filch_runtime_create(filch_runtime **out, const filch_config *config)
{
    FL_GIVEN(out);
    int was = fl_cancel_hold();
    int rc = fl_locked_explain(create(out, config, false));
    fl_cancel_release(was);
    return rc;
}

int fl_seats_create(fl_runtime **out, const filch_config *config)
{
    int was = fl_cancel_hold();
    int rc = fl_locked_explain(create(out, config, true));
    fl_cancel_release(was);
    return rc;
}

/* For the detector of deadlocks a wait like any other, which the last worker ends. */
static void wait_for_workers(fl_runtime *rt)
{
    fl_thread_noted();
    fl_thread_names("filch_runtime_destroy", rt);
    fl_thread_enlist();
    fl_thread_waits();
    fl_suspect();
    stop_workers(rt);
    fl_thread_told();
    fl_thread_delist();
}

/* Its threads have ended, or there are none. */
static void end_without_threads(fl_runtime *rt)
{
    while (filch_u32_load(&rt->inbox.visitors, FILCH_ACQUIRE)) /* ReadVisitors */
        fl_yield();
    fl_hooks.ended(rt);
    fl_share_stop(rt);
    fl_tracing_end(rt);
    if (rt->work_span)
        fl_work_span_print(rt->work_span);
    fl_work_span_destroy(rt->work_span);
    dismantle(rt);
    fl_life_end(&rt->life);
    free(rt);
}

void fl_seats_destroy(fl_runtime *rt)
{
    fl_share_allow(rt, false);
    end_without_threads(rt);
}

static void end(fl_runtime *rt, const fl_worker *here)
{
    fl_share_allow(rt, false);
    filch_u32_store(&rt->stopping, 1, FILCH_SEQ_CST); /* RequestStop */
    filch_fence_seq_cst();                            /* RequestStop */
    fl_wake_one(rt, 0,
                FL_UNLESS_SEARCHING); /* the last one to fall asleep sees that everything is over */
    if (!here)
        wait_for_workers(rt);
    else
        stop_workers(rt);
    end_without_threads(rt);
}

int filch_runtime_destroy(filch_runtime *rt)
{
    FL_MAY_LIVE(rt);
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
                       "%u pools, batchers or pipelines still use the runtime; "
                       "destroy them first",
                       tenants);
    int was = fl_cancel_hold(); /* joining is a cancellation point */
    end(rt, here);
    fl_cancel_release(was);
    return 0;
}

size_t filch_runtime_describe(const filch_runtime *rt, char *text, size_t size)
{
    rt = fl_runtime_asked(rt, "filch_runtime_describe");
    if (rt)
        return fl_describe(rt, text, size);
    if (size)
        *text = '\0';
    return 0;
}

/* ---- Description ---- */

static void add_size(fl_text *t, const fl_runtime *rt)
{
    struct fl_sizing why;
    fl_topology_default_workers(rt->topology, rt->settings.bind, rt->settings.cores, &why);
    unsigned workers = fl_workers(rt);
    if (rt->settings.workers || workers != why.workers)
        fl_text_add(t, "workers      %u, as configured (default %u: %s)\n", workers, why.workers,
                    why.reason);
    else
        fl_text_add(t, "workers      %u: %s\n", workers, why.reason);
    if (rt->worker_set.most > workers)
        fl_text_add(t, "slots        %u: upper limit of workers\n", rt->worker_set.most);
}

/* Adds nothing if all cores are used. */
static void add_cores(fl_text *t, const fl_runtime *rt)
{
    const fl_mode *mode = fl_cores_modes[rt->settings.cores];
    if (rt->settings.cores != FL_CORES_ALL)
        fl_text_add(t, "cores        %s: %s\n", mode->name,
                    rt->only.set ? mode->what : "all, since the usable cores are of one kind");
}

/* The CPUs of unpinned workers. */
static void add_span(fl_text *t, const fl_placement *placement)
{
    char cpus[128];
    fl_placement_list(placement, fl_placement_span(placement, 0), cpus, sizeof cpus);
    fl_text_add(t, "%s; on any of CPUs %s", placement->why, cpus);
}

static void add_places(fl_text *t, const fl_runtime *rt)
{
    enum { SHOWN = 16 };
    uint32_t unbound = filch_u32_load(&rt->unbound, FILCH_RELAXED); /* an error number */
    if (unbound) {
        fl_text_add(t, "binding      %s, not pinned: the system refused CPU affinity (%s)\n",
                    fl_bind_name(rt->settings.bind), strerror((int)unbound));
        return;
    }
    const fl_placement *placement = &rt->resident.placement;
    bool pinned = placement->pinned && fl_topology_real(rt->topology);
    fl_text_add(t, "binding      %s%s", fl_bind_name(rt->settings.bind),
                pinned           ? ", worker@cpu"
                : placement->why ? ", not pinned: "
                                 : ", not pinned");
    if (placement->why)
        add_span(t, placement);
    unsigned workers = fl_workers(rt);
    for (unsigned i = 0; pinned && i < workers && i < SHOWN && rt->worker[i]->place.cpu >= 0; i++)
        fl_text_add(t, " %u@%d", i, rt->worker[i]->place.cpu);
    fl_text_add(t, "%s\n", pinned && workers > SHOWN ? " ..." : "");
}

static void add_mode(fl_text *t, const char *which, const fl_mode *mode)
{
    fl_text_add(t, "%-12s %s: %s\n", which, mode->name, mode->what);
}

size_t fl_describe(const fl_runtime *rt, char *out, size_t size)
{
    fl_text t = {.at = out, .room = size};
    char machine[1024];
    fl_topology_describe(rt->topology, machine, sizeof machine);
    fl_text_add(&t, "%s", machine);
    add_size(&t, rt);
    add_cores(&t, rt);
    add_places(&t, rt);
    const fl_policy *policy = filch_ptr_load(&rt->policy, FILCH_ACQUIRE); /* its row is there */
    fl_text_add(&t, "queue        %s: %s\n", rt->queue->name, rt->queue->what);
    fl_text_add(&t, "policy       %s: %s\n", policy->name, policy->what);
    fl_text_add(&t, "fence        %s\n",
                rt->asymmetric            ? "asymmetric: membarrier for thieves, none for owners"
                : rt->settings.full_fence ? "full, as configured: fork and join out of line"
                : rt->queue->side == FL_SIDE_FENCED
                    ? "full, as the queue requires: fork and join out of line"
                    : "full, because membarrier is unavailable here: fork and join out of line");
    fl_text_add(&t, "short waits  %s\n",
                fl_may_spin(rt) ? "spin for a few microseconds"
                                : "do not spin: more workers than CPUs");
    add_mode(&t, "idle", fl_idle_modes[rt->settings.idle]);
    add_mode(&t, "take", fl_take_modes[rt->settings.take]);
    add_mode(&t, "wait", fl_wait_modes[rt->settings.wait]);
    fl_text_add(&t, "fibers       stacks of %zu KiB, at most %u fibers, %u forks deep\n",
                rt->settings.stack_size >> 10, rt->settings.max_fibers, (unsigned)FL_SLOTS);
    fl_text_add(&t, "seed         %llu\n", (unsigned long long)rt->settings.seed);
    return t.length;
}

void fl_describe_print(const fl_runtime *rt)
{
    char text[4096];
    fl_describe(rt, text, sizeof text);
    fputs(text, stderr);
}
