/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/describe.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A text that grows as snprintf counts: what does not fit is counted. */
typedef struct writer {
    char *at;
    size_t room, length;
} writer;

FILCH_PRINTF(2, 3) static void add(writer *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t left = t->length < t->room ? t->room - t->length : 0;
    int n = vsnprintf(left ? t->at + t->length : NULL, left, format, list);
    va_end(list);
    t->length += n > 0 ? (size_t)n : 0;
}

static void add_size(writer *t, const fl_runtime *rt)
{
    struct fl_sizing why;
    fl_topology_default_workers(rt->topology, rt->settings.bind, &why);
    if (rt->settings.workers)
        add(t, "workers      %u, as asked for (by default %u: %s)\n", rt->workers, why.workers,
            why.reason);
    else
        add(t, "workers      %u: %s\n", rt->workers, why.reason);
}

static void add_places(writer *t, const fl_runtime *rt)
{
    enum { SHOWN = 16 };
    bool pinned = rt->worker[0]->place.cpu >= 0 && fl_topology_real(rt->topology);
    add(t, "binding      %s%s", fl_bind_name(rt->settings.bind),
        pinned ? ", worker@cpu" : ", not pinned");
    for (unsigned i = 0; pinned && i < rt->workers && i < SHOWN; i++)
        add(t, " %u@%d", i, rt->worker[i]->place.cpu);
    add(t, "%s\n", pinned && rt->workers > SHOWN ? " ..." : "");
}

size_t fl_describe(const fl_runtime *rt, char *out, size_t size)
{
    writer t = {.at = out, .room = size};
    char machine[1024];
    fl_topology_describe(rt->topology, machine, sizeof machine);
    add(&t, "%s", machine);
    add_size(&t, rt);
    add_places(&t, rt);
    const fl_policy *policy = filch_ptr_load(&rt->policy, FILCH_ACQUIRE); /* its row is there */
    add(&t, "queue        %s: %s\n", rt->discipline->name, rt->discipline->what);
    add(&t, "policy       %s: %s\n", policy->name, policy->what);
    add(&t, "fence        %s\n",
        rt->asymmetric ? "asymmetric: membarrier for thieves, none for owners"
        : rt->settings.full_fence
            ? "full, as asked for: fork and join out of line"
            : "full, since membarrier is not to be had here: fork and join out of line");
    add(&t, "waiting      %s\n",
        rt->spin ? "spins some microseconds, then sleeps" : "never spins: more workers than CPUs");
    add(&t, "fibers       stacks of %zu KiB, at most %u fibers, %u forks deep\n",
        rt->settings.stack_size >> 10, rt->settings.max_fibers, (unsigned)FL_SLOTS);
    add(&t, "seed         %llu\n", (unsigned long long)rt->settings.seed);
    return t.length;
}

void fl_describe_print(const fl_runtime *rt)
{
    char text[4096];
    fl_describe(rt, text, sizeof text);
    fputs(text, stderr);
}
