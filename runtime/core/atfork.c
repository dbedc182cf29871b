/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/atfork.h>

#include <runtime/core/error.h>
#include <runtime/core/worker.h>

#include <filch/atomic.h>

#include <pthread.h>
#include <string.h>
#include <urcu-bp.h>

static filch_u32 generation;
static filch_u32 installed;     /* a look: installing twice is harmless */
static __thread unsigned depth; /* of before() in the thread that forks */

static void before(void)
{
    if (depth++)
        return;
    fl_job_lock();
    urcu_bp_call_rcu_before_fork();
    urcu_bp_before_fork();
}

static void after_in_parent(void)
{
    if (--depth)
        return;
    urcu_bp_after_fork_parent();
    urcu_bp_call_rcu_after_fork_parent();
    fl_job_unlock();
}

static void after_in_child(void)
{
    if (--depth)
        return;
    urcu_bp_after_fork_child();
    urcu_bp_call_rcu_after_fork_child();
    fl_job_unlock();
    fl_worker_forget();
    filch_u32_add(&generation, 1, FILCH_RELAXED); /* the child has one thread */
}

int fl_fork_prepare(void)
{
    if (filch_u32_load(&installed, FILCH_ACQUIRE)) /* pairs with the release below */
        return 0;
    int rc = pthread_atfork(before, after_in_parent, after_in_child);
    if (rc)
        return fl_fail(rc, "no handlers for fork(): %s; free some memory", strerror(rc));
    filch_u32_store(&installed, 1, FILCH_RELEASE); /* the handlers are there */
    return 0;
}

unsigned fl_fork_generation(void)
{
    return filch_u32_load(&generation, FILCH_RELAXED); /* changes in a process's only thread */
}
