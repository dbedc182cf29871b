/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/describe.h>

#include <runtime/core/text.h>

#include <stdio.h>
#include <stdlib.h>

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
    if (rt->crew.most > workers)
        fl_text_add(t, "slots        %u: as many workers there may be\n", rt->crew.most);
}

static void add_places(fl_text *t, const fl_runtime *rt)
{
    enum { SHOWN = 16 };
    bool pinned = rt->worker[0]->place.cpu >= 0 && fl_topology_real(rt->topology);
    fl_text_add(t, "binding      %s%s", fl_bind_name(rt->settings.bind),
                pinned ? ", worker@cpu" : ", not pinned");
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
    fl_text_add(&t, "queue        %s: %s\n", rt->discipline->name, rt->discipline->what);
    fl_text_add(&t, "policy       %s: %s\n", policy->name, policy->what);
    fl_text_add(&t, "fence        %s\n",
                rt->asymmetric            ? "asymmetric: membarrier for thieves, none for owners"
                : rt->settings.full_fence ? "full, as asked for: fork and join out of line"
                : rt->discipline->side == FL_SIDE_FENCED
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
