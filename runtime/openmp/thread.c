/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/thread.h>

#include <runtime/engine/threads.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/names.h>
#include <runtime/openmp/openmp.h>
#include <runtime/openmp/task.h>
#include <runtime/openmp/team.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/thread.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__thread fl_omp_thread fl_omp_this FL_OMP_TLS;

/* On the heap: dlopen has room for about 1,600 bytes of thread-locals of all libraries together. */
typedef struct alone {
    fl_omp_team team;
    fl_omp_task task;
} alone;
static __thread alone *own FL_OMP_TLS;
static pthread_key_t ending;
static bool keyed;

static void thread_ended(void *unused)
{
    (void)unused;
    fl_omp_dissolve_all();
    fl_omp_free_regions();
    fl_omp_task_end(&own->task);
    fl_omp_shares_clear(&own->team.shares);
    free(own);
    own = NULL;
    fl_omp_this.team = NULL; /* a later destructor begins anew */
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

__attribute__((constructor)) static void load(void)
{
    fl_omp_names = is_set("FILCH_TRACE") || is_set("FILCH_SHARE") || is_set("FILCH_DEADLOCK") ||
                   is_set("FILCH_VIRTUAL");
    fl_omp_read_environment();
    keyed = pthread_key_create(&ending, thread_ended) == 0;
    pthread_atfork(NULL, NULL, fl_omp_forget_all);
}

/* Traces get their ends. Where the process ends within a region, its threads go on until then. The schedule of FILCH_VIRTUAL
 * has ended before. */
__attribute__((destructor)) static void unload(void)
{
    if (fl_omp_names && !is_set("FILCH_VIRTUAL"))
        fl_omp_pause();
}

void fl_omp_enter(void)
{
    if (!own)
        own = fl_omp_allocate(sizeof *own);
    fl_omp_team *team = &own->team;
    team->size = 1;
    team->serving = &team->serving_own;
    if (!team->shares.ring && fl_omp_shares_init(&team->shares, 1))
        fl_omp_out_of_memory(sizeof(void *));
    fl_omp_shares_begin(&team->shares, 0);
    own->task = (fl_omp_task){.icv = &fl_omp_initial_icv, .implicit = true};
    team->icv = &fl_omp_initial_icv;
    fl_omp_this.team = team;
    fl_omp_this.number = 0;
    fl_omp_this.task = &own->task;
    fl_omp_sharing_begin(&fl_omp_this);
    if (keyed)
        pthread_setspecific(ending, own);
}

/* ---- The pool ---- */

/* The process's OpenMP threads that are in no hot team: a stack of sleeping threads, last in, first out. The
 * edges are those of runtime/openmp/team.h; the lock orders the stack. */

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
    filch_ptr_store(&thread->member, member, FILCH_RELEASE); /* AssignMember */
    filch_u32_store(&thread->assigned, 1, FILCH_RELEASE);    /* AssignMember */
    fl_futex_wake(&thread->assigned, 1);
}

static void *thread_main(void *arg)
{
    pooled *thread = arg;
    for (;;) {
        fl_thread_noted();
        fl_thread_waits();
        while (!filch_u32_load(&thread->assigned, FILCH_ACQUIRE)) /* ReadMember */
            fl_futex_wait_until(&thread->assigned, 0, 0);
        fl_thread_told();
        filch_u32_store(&thread->assigned, 0, FILCH_RELAXED); /* its own until it is in the pool */
        fl_omp_member *member = filch_ptr_load(&thread->member, FILCH_ACQUIRE); /* ReadMember */
        if (!member)
            break;
        filch_u32 *left = &member->hot->left;
        fl_omp_serve(member);
        fl_lock(&lock);
        thread->next = asleep;
        asleep = thread;
        fl_unlock(&lock);
        filch_u32_add(left, 1, FILCH_ACQ_REL); /* LeaveTeam */
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
