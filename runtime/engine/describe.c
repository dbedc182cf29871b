/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/describe.h>

#include <runtime/engine/runtime.h>
#include <runtime/platform/bind.h>
#include <runtime/platform/placement.h>
#include <runtime/platform/text.h>
#include <runtime/platform/topology.h>
#include <sched/forkstack.h>
#include <sched/mode.h>
#include <sched/victims/policy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_size(fl_text *t, const fl_runtime *rt)
{
    struct fl_sizing why;
    fl_topology_default_workers(rt->topology, rt->settings.bind, &why);
    unsigned workers = fl_workers(rt);
    if (rt->settings.workers || workers != why.workers)
        fl_text_add(t, "workers      %u, as asked for (by default %u: %s)\n", workers, why.workers,
                    why.reason);
    else
        fl_text_add(t, "workers      %u: %s\n", workers, why.reason);
    if (rt->worker_set.most > workers)
        fl_text_add(t, "slots        %u: as many workers there may be\n", rt->worker_set.most);
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
    add_places(&t, rt);
    const fl_policy *policy = filch_ptr_load(&rt->policy, FILCH_ACQUIRE); /* its row is there */
    fl_text_add(&t, "queue        %s: %s\n", rt->queue->name, rt->queue->what);
    fl_text_add(&t, "policy       %s: %s\n", policy->name, policy->what);
    fl_text_add(&t, "fence        %s\n",
                rt->asymmetric            ? "asymmetric: membarrier for thieves, none for owners"
                : rt->settings.full_fence ? "full, as asked for: fork and join out of line"
                : rt->queue->side == FL_SIDE_FENCED
                    ? "full, as the queue has it: fork and join out of line"
                    : "full, since membarrier is not to be had here: fork and join out of line");
    fl_text_add(&t, "short waits  %s\n",
                fl_may_spin(rt) ? "spin some microseconds" : "do not spin: more workers than CPUs");
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
