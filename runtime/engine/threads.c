/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/threads.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/machine/affinity.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

struct fl_threads fl_threads;
filch_u32 fl_detector_on;

static __thread enum { UNKNOWN, NOTED, EXEMPT } standing;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending;

static void change(filch_u32 *party, int by)
{
    filch_u32_add(party, (uint32_t)by, FILCH_SEQ_CST);    /* seq_cst: as said in threads.h */
    filch_u64_add(&fl_threads.changes, 1, FILCH_SEQ_CST); /* seq_cst: as said in threads.h */
}

static void thread_ends(void *unused)
{
    (void)unused;
    standing = UNKNOWN;
    change(&fl_threads.alive, -1);
    fl_suspect();
}

static void go_blind(void)
{
    filch_u32_store(&fl_threads.blind, 1, FILCH_SEQ_CST); /* seq_cst: as said in threads.h */
}

static void make_key(void)
{
    if (pthread_key_create(&ending, thread_ends))
        go_blind();
}

void fl_thread_noted(void)
{
    if (standing != UNKNOWN || fl_carrier_here())
        return;
    pthread_once(&once, make_key);
    if (filch_u32_load(&fl_threads.blind, FILCH_RELAXED)) /* a look: nothing is counted any more */
        return;
    standing = NOTED;
    change(&fl_threads.alive, 1);
    if (pthread_setspecific(ending, &standing))
        go_blind();
}

void fl_thread_ends(void)
{
    if (standing != NOTED)
        return;
    pthread_setspecific(ending, NULL);
    thread_ends(NULL);
}

void fl_thread_exempt(void)
{
    standing = EXEMPT;
}

void fl_thread_waits(void)
{
    change(&fl_threads.waiting, 1);
}

/* The caller may be a thread that is not a worker. */
void fl_thread_told(void)
{
    fl_thread_noted();
    change(&fl_threads.waiting, -1);
}

/* ---- Those that wait, for reports ---- */

typedef struct record {
    struct record *next, *previous;
    int thread;
    const char *call;
    const void *object;
} record;

static __thread record own;

static struct {
    filch_u32 lock;
    record *first;
} listed;

void fl_thread_names(const char *call, const void *object)
{
    own.call = call;
    own.object = object;
}

const char *fl_thread_call(void)
{
    return own.call;
}

void fl_thread_enlist(void)
{
    if (!own.thread)
        own.thread = gettid(); /* a system call */
    own.previous = NULL;
    fl_lock(&listed.lock);
    own.next = listed.first;
    if (own.next)
        own.next->previous = &own;
    listed.first = &own;
    fl_unlock(&listed.lock);
}

void fl_thread_delist(void)
{
    fl_lock(&listed.lock);
    if (own.previous)
        own.previous->next = own.next;
    else
        listed.first = own.next;
    if (own.next)
        own.next->previous = own.previous;
    fl_unlock(&listed.lock);
    own.call = NULL;
}

void fl_threads_each(fl_thread_fn *see, void *arg)
{
    fl_lock(&listed.lock);
    for (const record *one = listed.first; one; one = one->next)
        see(one->thread, one->call, one->object, arg);
    fl_unlock(&listed.lock);
}

void fl_outside_expected(int by)
{
    change(&fl_threads.outside, by);
}

void fl_threads_forget(void)
{
    listed.first = NULL;
    listed.lock = (filch_u32){0};
    own.thread = 0;                                                       /* another one now */
    filch_u32_store(&fl_threads.alive, standing == NOTED, FILCH_SEQ_CST); /* the only thread */
    filch_u32_store(&fl_threads.waiting, 0, FILCH_SEQ_CST);               /* the same */
    filch_u32_store(&fl_threads.outside, 0, FILCH_SEQ_CST);               /* the same */
}

/* ---- Code that runs unpinned ---- */

void fl_unpinned_end(fl_fiber *fiber)
{
    fl_worker *worker =
        fl_worker_here(); /* after a panic that was caught inside, perhaps another one */
    if (!worker || worker->unpinned != fiber)
        return;
    worker->unpinned = NULL;
    fl_affinity_narrow();
}

void fl_unpinned_suspends(const fl_fiber *fiber)
{
    const char *task = fl_fiber_task(fiber);
    const char *in = filch_ptr_load(&fiber->waits_in, FILCH_RELAXED); /* its own store */
    filch_die(
        "task %s waits inside filch_unpinned (%s); start threads and processes there, and wait "
        "after filch_unpinned has returned",
        task ? task : "(unnamed)", in ? in : "a join, a yield or a call that suspends");
}

int filch_unpinned(void (*fn)(void *arg), void *arg)
{
    if (!fn)
        return fl_fail(EINVAL, "filch_unpinned without a function; pass one");
    fl_worker *worker = fl_worker_here();
    if (!worker || worker->unpinned ||
        fl_fiber_guest(worker->running)) { /* not bound, or not any more */
        fn(arg);
        return 0;
    }
    int rc = fl_affinity_widen();
    if (rc)
        return fl_fail(-rc,
                       "filch_unpinned cannot widen the affinity of worker %u: %s; allow "
                       "sched_setaffinity, or create the runtime with bind = \"none\"",
                       worker->index, strerror(-rc));
    fl_fiber *fiber = worker->running;
    worker->unpinned = fiber;
    fn(arg);
    fl_unpinned_end(fiber);
    return 0;
}
