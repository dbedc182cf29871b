/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/live_runtimes.h>

#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/machine/topology.h>
#include <sched/rng.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

filch_u32 fl_residents_workers;

static struct {
    filch_u32 lock; /* guards the fields below */
    fl_resident *first;
    unsigned entered; /* runtimes so far: the number of the next */
} residents;

static void count_workers(unsigned more, unsigned less)
{
    filch_u32_add(&fl_residents_workers, more - less, FILCH_RELAXED); /* a number */
}

/* Differs between processes and between runtimes of one. The pid alone would not do: the first
 * process of every container is number 1. The kernel gives each program 16 random bytes, which its
 * forks share. */
static uint64_t seed_of(unsigned number)
{
    uint64_t random = 0;
    const void *bytes = (const void *)(uintptr_t)getauxval(AT_RANDOM);
    if (bytes)
        memcpy(&random, bytes, sizeof random);
    return fl_rng_seed(random + (uint64_t)getpid(), number);
}

/* With the lock. */
static void enter(fl_resident *one, struct fl_placing *in, double *load)
{
    for (const fl_resident *other = residents.first; other; other = other->next) {
        if (other->placement.topology == in->topology) /* else its PUs are others */
            fl_placement_load(&other->placement, other->workers, load);
        in->others_pinned = in->others_pinned || other->placement.pinned;
    }
    in->load = load;
    in->seed = seed_of(residents.entered++);
    fl_placement_make(&one->placement, in);
    one->workers = in->workers;
    one->next = residents.first;
    residents.first = one;
}

int fl_residents_enter(fl_resident *one, struct fl_placing *in)
{
    unsigned pus;
    fl_topology_pus(in->topology, &pus);
    double *load = calloc(pus, sizeof *load);
    if (!load)
        return fl_fail(ENOMEM, "no memory to place %u workers; free some", in->workers);
    fl_lock(&residents.lock);
    enter(one, in, load);
    fl_unlock(&residents.lock);
    free(load);
    count_workers(in->workers, 0);
    return 0;
}

void fl_residents_resize(fl_resident *one, unsigned workers)
{
    fl_lock(&residents.lock);
    count_workers(workers, one->workers);
    one->workers = workers;
    fl_unlock(&residents.lock);
}

void fl_residents_leave(fl_resident *one)
{
    fl_lock(&residents.lock);
    fl_resident **at = &residents.first;
    while (*at != one)
        at = &(*at)->next;
    *at = one->next;
    count_workers(0, one->workers);
    fl_unlock(&residents.lock);
}

void fl_residents_forget(void)
{
    memset(&residents, 0, sizeof residents);
    filch_u32_store(&fl_residents_workers, 0, FILCH_RELAXED); /* the child's only thread */
}
