/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools of a test, and jobs that stand still until they are told. */
#ifndef SUPPORT_POOLS_H
#define SUPPORT_POOLS_H

#include <criterion/criterion.h>
#include <errno.h>
#include <filch/pool.h>
#include <sched.h>
#include <tests/support/configs.h>
#include <tests/support/signpost.h>

static inline filch_pool *pool_of(filch_pool_config config)
{
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &config), 0, "%s", filch_error());
    return pool;
}

/* Begins, and goes on when `go` is raised. */
typedef struct gate {
    signpost begun, go;
} gate;

static inline int stand_still(filch_self self, filch_job *job, void *arg)
{
    gate *at = arg;
    (void)job;
    signpost_raise(&at->begun);
    while (!signpost_count(&at->go))
        filch_yield(self);
    return 0;
}

/* As stand_still, and lets nobody else have its worker, whatever its context says. */
static inline int hog(filch_self self, filch_job *job, void *arg)
{
    gate *at = arg;
    (void)self, (void)job;
    signpost_raise(&at->begun);
    while (!signpost_count(&at->go))
        sched_yield();
    return 0;
}

/* The pool's only runner is busy when this returns: what is submitted next waits. */
static inline void block(filch_pool *pool, gate *at)
{
    *at = (gate){0};
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, at), 0);
    signpost_wait(&at->begun, 1);
}

#endif
