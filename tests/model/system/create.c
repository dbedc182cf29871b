/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The needs of creating runtimes and workers beside memory: no place, and a signal stack that is
 * never entered. */
#include <runtime/engine/fiber.h>
#include <runtime/platform/error.h>
#include <runtime/platform/live_runtimes.h>
#include <runtime/platform/machine/affinity.h>

filch_u32 fl_residents_workers = {2}; /* more than there are CPUs: a short wait does not spin */

int fl_residents_enter(fl_resident *one, struct fl_placing *in)
{
    (void)one, (void)in;
    return 0;
}

void fl_residents_resize(fl_resident *one, unsigned workers)
{
    (void)one, (void)workers;
}

void fl_residents_leave(fl_resident *one)
{
    (void)one;
}

fl_place fl_placement_place(const fl_placement *p, unsigned worker)
{
    (void)p, (void)worker;
    return (fl_place){-1, -1, -1, -1, -1, false};
}

fl_span fl_placement_span(const fl_placement *p, unsigned worker)
{
    (void)p, (void)worker;
    return (fl_span){.of = FL_SPAN_ALL};
}

struct fl_affinity fl_placement_cpus(const fl_placement *p, fl_span span)
{
    (void)p, (void)span;
    return (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_here(void)
{
    return (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_home(void)
{
    return (struct fl_affinity){0};
}

struct fl_affinity fl_affinity_read(void)
{
    return (struct fl_affinity){0};
}

bool fl_affinity_equal(const struct fl_affinity *a, const struct fl_affinity *b)
{
    return !a->set == !b->set;
}

void fl_affinity_free(struct fl_affinity *mask)
{
    (void)mask;
}

void fl_affinity_bound(const struct fl_affinity *home)
{
    (void)home;
}

void fl_affinity_forget(void)
{
}

size_t fl_overflow_stack_size(void)
{
    return 1;
}

int fl_fail(int code, const char *format, ...)
{
    (void)format;
    return -code;
}
