/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The process's OpenMP threads that are in no hot team: a stack of sleeping threads, last in, first out. The
 * edges are those of runtime/openmp/team.h; the lock orders the stack. */
#include <runtime/openmp/team.h>

#include <runtime/openmp/memory.h>

#include <runtime/engine/threads.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/thread.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pooled {
    filch_ptr member; /* fl_omp_member * that it is to serve as; NULL: it is to end */
    filch_u32 assigned;
    struct pooled *next;
} pooled;

static filch_u32 lock;
static pooled *asleep;

unsigned fl_omp_reserve(filch_u32 *serving, unsigned wanted, unsigned limit)
{
    uint32_t now = filch_u32_load(serving, FILCH_RELAXED); /* a number */
    unsigned granted;
    do {
        const unsigned room = !limit ? wanted : limit > now + 1 ? limit - 1 - now : 0;
        granted = wanted < room ? wanted : room;
    } while (granted && !filch_u32_cas(serving, &now, now + granted, FILCH_RELAXED)); /* a number */
    return granted;
}

void fl_omp_unreserve(filch_u32 *serving, unsigned threads)
{
    filch_u32_add(serving, -threads, FILCH_RELAXED); /* a number */
}

static void assign(pooled *thread, fl_omp_member *member)
{
    filch_ptr_store(&thread->member, member, FILCH_RELEASE); /* N4 */
    filch_u32_store(&thread->assigned, 1, FILCH_RELEASE);    /* N4 */
    fl_futex_wake(&thread->assigned, 1);
}

static void *thread_main(void *arg)
{
    pooled *thread = arg;
    for (;;) {
        fl_thread_noted();
        fl_thread_waits();
        while (!filch_u32_load(&thread->assigned, FILCH_ACQUIRE)) /* N5 */
            fl_futex_wait_until(&thread->assigned, 0, 0);
        fl_thread_told();
        filch_u32_store(&thread->assigned, 0, FILCH_RELAXED); /* its own until it is in the pool */
        fl_omp_member *member = filch_ptr_load(&thread->member, FILCH_ACQUIRE); /* N5 */
        if (!member)
            break;
        filch_u32 *left = &member->hot->left;
        fl_omp_serve(member);
        fl_lock(&lock);
        thread->next = asleep;
        asleep = thread;
        fl_unlock(&lock);
        filch_u32_add(left, 1, FILCH_ACQ_REL); /* M8 */
        fl_futex_wake(left, 1);                /* by its address: the hot team may be gone */
    }
    free(thread);
    fl_thread_ends();
    return NULL;
}

static void start(pooled *thread)
{
    pthread_attr_t attributes;
    fl_thread handle;
    int rc = pthread_attr_init(&attributes);
    if (!rc) {
        if (fl_omp_globals.stack_size)
            pthread_attr_setstacksize(&attributes, fl_omp_globals.stack_size);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        rc = fl_thread_start(&handle, &attributes, thread_main, thread);
        pthread_attr_destroy(&attributes);
    }
    if (!rc)
        return;
    fprintf(stderr, "\nlibgomp: Thread creation failed: %s\n", strerror(rc));
    exit(1);
}

void fl_omp_enlist(fl_omp_member *member)
{
    fl_lock(&lock);
    pooled *thread = asleep;
    if (thread)
        asleep = thread->next;
    fl_unlock(&lock);
    if (!thread) {
        thread = fl_omp_allocate(sizeof *thread);
        start(thread);
    }
    /* The detector of deadlocks does not know the thread until that has its seat. */
    fl_outside_expected(1);
    assign(thread, member);
}

void fl_omp_pool_end(void)
{
    fl_lock(&lock);
    pooled *thread = asleep;
    asleep = NULL;
    fl_unlock(&lock);
    for (pooled *next; thread; thread = next) {
        next = thread->next;
        assign(thread, NULL);
    }
}

void fl_omp_pool_forget(void)
{
    asleep = NULL;
    filch_u32_store(&lock, 0, FILCH_RELAXED); /* the child has one thread */
}
