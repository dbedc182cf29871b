/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The job cache. A thread's own list needs no lock; lists travel between threads in batches of
 * BATCH, through a pool under a mutex that keeps at most POOLED of them, a million jobs, and frees
 * the rest. */
#include <runtime/core/job.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { BATCH = 64, POOLED = 1 << 14 };

typedef struct batch {
    fl_job *head;
    unsigned count;
} batch;

static struct {
    pthread_mutex_t lock;
    batch full[POOLED];
    unsigned count;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A thread's; all at one place, which its code knows without a call. */
static __thread struct {
    batch taking; /* jobs to hand out */
    batch giving; /* jobs that came back, up to BATCH */
    bool registered;
} mine __attribute__((tls_model("initial-exec")));
static pthread_key_t leaving;
static bool keyed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static fl_job *next_of(fl_job *job)
{
    return (fl_job *)job->node.next;
}

static void push(batch *to, fl_job *job)
{
    job->node.next = to->head ? &to->head->node : NULL;
    to->head = job;
    to->count++;
}

static fl_job *pop(batch *from)
{
    fl_job *job = from->head;
    from->head = next_of(job);
    from->count--;
    return job;
}

static void free_all(batch *of)
{
    while (of->head)
        free(pop(of));
}

static void put_aside(batch *full)
{
    pthread_mutex_lock(&pool.lock);
    bool room = pool.count < POOLED;
    if (room)
        pool.full[pool.count++] = *full;
    pthread_mutex_unlock(&pool.lock);
    if (room)
        *full = (batch){0};
    else
        free_all(full);
}

static void thread_leaves(void *unused)
{
    (void)unused;
    mine.registered = false; /* another destructor may fill it again */
    free_all(&mine.taking);
    free_all(&mine.giving);
}

static void make_key(void)
{
    keyed = pthread_key_create(&leaving, thread_leaves) == 0;
}

/* So that a thread's cache is freed when it ends. false: the process has used up its 1,024 keys, or
 * its memory; the thread does without a cache. */
static FILCH_COLD bool register_thread(void)
{
    pthread_once(&once, make_key);
    mine.registered = keyed && pthread_setspecific(leaving, &mine) == 0;
    return mine.registered;
}

static inline bool registered(void)
{
    return FILCH_LIKELY(mine.registered) || register_thread();
}

/* From the pool, or new ones: as many as there is memory for. */
static FILCH_COLD void refill(batch *to)
{
    pthread_mutex_lock(&pool.lock);
    if (pool.count)
        *to = pool.full[--pool.count];
    pthread_mutex_unlock(&pool.lock);
    while (to->count < BATCH) { /* batches in the pool are full */
        fl_job *job = malloc(sizeof *job);
        if (!job)
            break;
        push(to, job);
    }
}

fl_job *fl_job_take(void)
{
    if (!registered())
        return malloc(sizeof(fl_job));
    if (!mine.taking.head)
        refill(&mine.taking);
    return mine.taking.head ? pop(&mine.taking) : NULL;
}

void fl_job_give(fl_job *job)
{
    if (!registered()) {
        free(job);
        return;
    }
    batch *to = mine.taking.count < BATCH ? &mine.taking : &mine.giving;
    push(to, job);
    if (mine.giving.count == BATCH)
        put_aside(&mine.giving);
}

void fl_job_lock(void)
{
    pthread_mutex_lock(&pool.lock);
}

void fl_job_unlock(void)
{
    pthread_mutex_unlock(&pool.lock);
}

__attribute__((destructor)) static void free_pool(void)
{
    fl_job_lock(); /* workers of a runtime that was not destroyed may still be running */
    while (pool.count)
        free_all(&pool.full[--pool.count]);
    fl_job_unlock();
}
