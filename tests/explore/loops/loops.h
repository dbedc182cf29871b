/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Programs whose tasks wait in loops of their own. Each is correct; with BROKEN it has one bug. */
#ifndef LOOPS_H
#define LOOPS_H

#include <err.h>
#include <filch/filch.h>
#include <filch/trace.h>
#include <stdatomic.h>

#ifndef BROKEN
#define BROKEN 0
#endif

/* Starts a task for each argument from 0 on, and waits for all. Returns the program's status. */
static inline int run_tasks(void (*task)(filch_self self, void *arg), long count)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    for (long i = 0; i < count; i++)
        filch_go(rt, task, (void *)i);
    return filch_runtime_destroy(rt);
}

/* Atomic, so that an error is no data race: the program has to notice it. */
static atomic_int inside;

static inline void critical_section(void)
{
    if (atomic_fetch_add(&inside, 1) || atomic_load(&inside) != 1)
        errx(1, "two tasks are inside");
    atomic_fetch_sub(&inside, 1);
}

#endif
