/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The lock is taken once for a submission, and once for each job that a thread does: it counts the
 * last one as done and takes the next. A thread is woken only where one sleeps, outside the
 * lock. */
#include "jobpool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct entry {
    jobpool_fn *fn;
    void *data;
} entry;

struct jobpool {
    pthread_mutex_t lock;
    pthread_cond_t work;   /* for idle threads: the ring has a job, or the pool stops */
    pthread_cond_t vacant; /* for submitters: the ring has room */
    pthread_cond_t rest;   /* for jobpool_wait */
    entry *ring; /* the levels' rings, one after the other; under lock, as all that follows */
    size_t room, count;
    size_t head[JOBPOOL_LEVELS], waiting[JOBPOOL_LEVELS];
    unsigned ready;               /* the levels that are not empty, as bits */
    unsigned idle, busy, held_up; /* held_up: submitters that wait for room */
    uint64_t done;
    bool stopping;
    const int *cpus;
    unsigned workers;
    pthread_t threads[];
};

static void finish(jobpool *pool)
{
    pool->busy--;
    pool->done++;
    if (pool->busy == 0 && pool->count == 0)
        pthread_cond_broadcast(&pool->rest);
}

/* The oldest of that level, which is not empty. */
static entry take(jobpool *pool, unsigned level)
{
    size_t head = pool->head[level];
    pool->head[level] = head + 1 == pool->room ? 0 : head + 1;
    if (--pool->waiting[level] == 0)
        pool->ready &= ~(1u << level);
    pool->count--;
    return pool->ring[level * pool->room + head];
}

/* There is room. */
static void put(jobpool *pool, unsigned level, entry job)
{
    size_t tail = pool->head[level] + pool->waiting[level]++;
    pool->ring[level * pool->room + (tail >= pool->room ? tail - pool->room : tail)] = job;
    pool->ready |= 1u << level;
    pool->count++;
}

/* Under lock, which it leaves while the job runs. */
static void do_oldest(jobpool *pool)
{
    entry job = take(pool, 31 - (unsigned)__builtin_clz(pool->ready));
    pool->busy++;
    bool wake = pool->held_up > 0;
    pthread_mutex_unlock(&pool->lock);
    if (wake)
        pthread_cond_signal(&pool->vacant);
    job.fn(job.data);
    pthread_mutex_lock(&pool->lock);
    finish(pool);
}

static void *work(void *arg)
{
    jobpool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        if (pool->count > 0) {
            do_oldest(pool);
        } else {
            pool->idle++;
            pthread_cond_wait(&pool->work, &pool->lock);
            pool->idle--;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int start_thread(jobpool *pool)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (pool->cpus) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(pool->cpus[pool->workers % 2], &set);
        pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
    }
    int rc = pthread_create(&pool->threads[pool->workers], &attributes, work, pool);
    pthread_attr_destroy(&attributes);
    return -rc;
}

int jobpool_create(jobpool **out, unsigned workers, size_t room, const int *cpus)
{
    jobpool *pool = calloc(1, sizeof *pool + workers * sizeof pool->threads[0]);
    entry *ring = calloc(room * JOBPOOL_LEVELS, sizeof *ring);
    if (!pool || !ring) {
        free(pool);
        free(ring);
        return -ENOMEM;
    }
    pool->ring = ring;
    pool->room = room;
    pool->cpus = cpus;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->vacant, NULL);
    pthread_cond_init(&pool->rest, NULL);
    int rc = 0;
    for (; !rc && pool->workers < workers; pool->workers += !rc)
        rc = start_thread(pool);
    if (rc)
        jobpool_destroy(pool);
    else
        *out = pool;
    return rc;
}

void jobpool_destroy(jobpool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_broadcast(&pool->work);
    for (unsigned i = 0; i < pool->workers; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->vacant);
    pthread_cond_destroy(&pool->rest);
    pthread_mutex_destroy(&pool->lock);
    free(pool->ring);
    free(pool);
}

void jobpool_submit(jobpool *pool, jobpool_fn *fn, void *data)
{
    jobpool_submit_at(pool, 0, fn, data);
}

void jobpool_submit_at(jobpool *pool, unsigned level, jobpool_fn *fn, void *data)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->count == pool->room) {
        pool->held_up++;
        pthread_cond_wait(&pool->vacant, &pool->lock);
        pool->held_up--;
    }
    put(pool, level, (entry){fn, data});
    bool wake = pool->idle > 0;
    pthread_mutex_unlock(&pool->lock);
    if (wake)
        pthread_cond_signal(&pool->work);
}

uint64_t jobpool_wait(jobpool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->count > 0 || pool->busy > 0)
        pthread_cond_wait(&pool->rest, &pool->lock);
    uint64_t done = pool->done;
    pthread_mutex_unlock(&pool->lock);
    return done;
}
