/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/core/atfork.h>

#include <runtime/core/error.h>
#include <runtime/core/worker.h>

#include <filch/atomic.h>

#include <pthread.h>
#include <string.h>
#include <urcu-bp.h>

static filch_u32 generation;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int failed;

static void before(void)
{
    fl_job_lock();
    urcu_bp_call_rcu_before_fork();
    urcu_bp_before_fork();
}

static void after_in_parent(void)
{
    urcu_bp_after_fork_parent();
    urcu_bp_call_rcu_after_fork_parent();
    fl_job_unlock();
}

static void after_in_child(void)
{
    urcu_bp_after_fork_child();
    urcu_bp_call_rcu_after_fork_child();
    fl_job_unlock();
    fl_worker_forget();
    filch_u32_add(&generation, 1, FILCH_RELAXED); /* the child has one thread */
}

static void prepare(void)
{
    failed = pthread_atfork(before, after_in_parent, after_in_child);
}

int fl_fork_prepare(void)
{
    pthread_once(&once, prepare);
    return failed ? fl_fail(failed, "no fork handlers: %s", strerror(failed)) : 0;
}

unsigned fl_fork_generation(void)
{
    return filch_u32_load(&generation, FILCH_RELAXED); /* changes in a process's only thread */
}
