/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory-order edges:
 *   LeaveGate: add -1 to gate, release              -> CloseGate, forker: or, load of gate,
 *                                                      acquire; lock is free
 *   OpenGate, forked: and of gate, release          -> EnterGate, hold: cas of gate, acquire; it
 *                                                      may be taken */
#include <runtime/platform/atfork.h>

#include <runtime/platform/error.h>
#include <runtime/platform/live_runtimes.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/memory/cells.h>
#include <runtime/platform/upcalls.h>

#include <filch/atomic.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <urcu-bp.h>

static filch_u32 generation;
static filch_u32 installed;     /* a look: installing twice is harmless */
static __thread unsigned depth; /* of before() in the thread that forks */
static __thread unsigned ends;  /* 1: this thread ends, and is inside the gate */

/* liburcu registers and unregisters threads under a lock of its own, which its fork handlers
 * ignore. After a fork in the meantime, the child's first worker would wait for that lock forever.
 * The gate counts the threads that hold it; FORKING closes it, except for threads that come while
 * another one is inside, since the forker is waiting then. */
#define FORKING 0x80000000u
static filch_u32 gate;
/* Order: forkers, gate, cells; a thread inside the gate may end, which gives its cells back. */
static pthread_mutex_t forkers = PTHREAD_MUTEX_INITIALIZER;

void fl_fork_hold(void)
{
    for (;;) {
        uint32_t was = filch_u32_load(&gate, FILCH_RELAXED); /* the CAS decides */
        if (was == FORKING)
            sched_yield();
        else if (filch_u32_cas(&gate, &was, was + 1, FILCH_ACQUIRE)) /* EnterGate */
            return;
    }
}

void fl_fork_release(void)
{
    filch_u32_add(&gate, (uint32_t)-1, FILCH_RELEASE); /* LeaveGate */
}

void fl_fork_hold_to_end(void)
{
    fl_fork_hold();
    ends = 1;
}

void fl_fork_release_at_end(void)
{
    ends = 0;
    fl_fork_release();
}

static void before(void)
{
    if (depth++)
        return;
    pthread_mutex_lock(&forkers);                                    /* one forker at a time */
    filch_u32_or(&gate, FORKING, FILCH_ACQUIRE);                     /* CloseGate */
    while (filch_u32_load(&gate, FILCH_ACQUIRE) != (FORKING | ends)) /* CloseGate */
        sched_yield();
    fl_cells_lock();
    urcu_bp_call_rcu_before_fork();
    urcu_bp_before_fork();
}

static void after_in_parent(void)
{
    if (--depth)
        return;
    urcu_bp_after_fork_parent();
    urcu_bp_call_rcu_after_fork_parent();
    filch_u32_and(&gate, ~FORKING, FILCH_RELEASE); /* OpenGate */
    fl_cells_unlock();
    pthread_mutex_unlock(&forkers);
}

static void after_in_child(void)
{
    if (--depth)
        return;
    filch_u32_add(&generation, 1, FILCH_RELAXED); /* the child has one thread */
    urcu_bp_after_fork_child();
    urcu_bp_call_rcu_after_fork_child(); /* starts a second one, which looks at the generation */
    filch_u32_and(&gate, ~FORKING, FILCH_RELEASE); /* OpenGate */
    fl_cells_unlock();
    pthread_mutex_unlock(&forkers);
    fl_affinity_forked();
    fl_residents_forget();
    fl_hooks.forked();
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
