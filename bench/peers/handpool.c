/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A task is queued, then claimed by one CAS, by the thread that takes it from the ring or by the
 * join of its forker; then done. A join does not search the ring for the entry it has made stale.
 * The thread that takes the entry finds it claimed and throws it away (or finds the slot's next
 * task in it, which is as good).
 *
 * A fork takes the lock once; it wakes a thread only when one sleeps. A join whose task runs
 * elsewhere runs other tasks of the ring meanwhile, but never more than HELP_DEPTH on top of each
 * other: helping without bound overruns the stack. Beyond that it waits. */
#include "handpool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { RING = 4096, HELP_DEPTH = 64, SLOTS = 1 << 20 };
static const size_t STACK_BYTES = (size_t)256 << 20;

#define QUEUED ((void *)1)
#define CLAIMED ((void *)2)
#define DONE ((void *)3)

struct handpool {
    pthread_mutex_t lock;
    pthread_cond_t work;     /* for idle threads: the ring has a task, or the pool stops */
    pthread_cond_t progress; /* for joins: a task is done, or the ring has one to help with */
    pthread_cond_t outside;  /* for runs: one is done */
    filch_slot *ring[RING];  /* under lock, as the next four */
    unsigned head, count;
    unsigned idle;
    bool stopping;
    filch_u32 joining; /* threads that wait for progress; written under lock, read without */
    unsigned workers;
    struct member {
        handpool *pool;
        pthread_t thread;
        filch_slot *slots;
        unsigned helping; /* tasks of others that lie on this thread's stack */
        handpool_counts counts;
    } members[];
};

static __thread struct member *me;

static bool claim(filch_slot *slot)
{
    void *expected = QUEUED;
    return filch_ptr_cas(&slot->state, &expected, CLAIMED, FILCH_ACQ_REL);
}

static bool is_done(const filch_slot *slot)
{
    return filch_ptr_load(&slot->state, FILCH_SEQ_CST) == DONE;
}

/* The oldest task nobody has claimed, or NULL. Under lock. */
static filch_slot *take(handpool *pool)
{
    while (pool->count > 0) {
        filch_slot *slot = pool->ring[pool->head];
        pool->head = (pool->head + 1) % RING;
        pool->count--;
        if (claim(slot))
            return slot;
    }
    return NULL;
}

/* Runs a claimed task. The last touch of the slot is the store: its forker may use it again at
 * once. */
static void run_taken(handpool *pool, filch_self self, filch_slot *slot)
{
    const filch_task *task = slot->claimed;
    bool from_outside = filch_ptr_load(&slot->task, FILCH_RELAXED) != NULL;
    task->run(self, slot);
    me->counts.takes++;
    filch_ptr_store(&slot->state, DONE, FILCH_SEQ_CST);
    if (from_outside || filch_u32_load(&pool->joining, FILCH_SEQ_CST) > 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(from_outside ? &pool->outside : &pool->progress);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* Queues the task unless the ring is full. */
static bool offer(handpool *pool, filch_slot *slot)
{
    pthread_mutex_lock(&pool->lock);
    bool room = pool->count < RING;
    pthread_cond_t *wake = NULL;
    if (room) {
        pool->ring[(pool->head + pool->count++) % RING] = slot;
        if (pool->idle > 0)
            wake = &pool->work;
        else if (filch_u32_load(&pool->joining, FILCH_RELAXED) > 0)
            wake = &pool->progress;
    }
    pthread_mutex_unlock(&pool->lock);
    if (wake)
        pthread_cond_signal(wake);
    return room;
}

filch_self handpool_fork(filch_self self, const filch_task *task)
{
    filch_slot *slot = self++;
    if (self == me->slots + SLOTS)
        filch_die("handpool: %d unjoined forks in task %s", SLOTS, task->name);
    me->counts.forks++;
    slot->claimed = task;
    filch_ptr_store(&slot->state, QUEUED, FILCH_RELEASE);
    if (!offer(me->pool, slot) && claim(slot)) {
        task->run(self, slot);
        filch_ptr_store(&slot->state, DONE, FILCH_RELAXED);
    }
    return self;
}

static void wait_until_done(handpool *pool, filch_slot *slot)
{
    while (!is_done(slot)) {
        pthread_mutex_lock(&pool->lock);
        filch_slot *other = me->helping < HELP_DEPTH ? take(pool) : NULL;
        if (!other) {
            /* Count first, then look again: a finishing thread stores first, then looks at the
             * count. */
            filch_u32_add(&pool->joining, 1, FILCH_SEQ_CST);
            if (!is_done(slot))
                pthread_cond_wait(&pool->progress, &pool->lock);
            filch_u32_add(&pool->joining, (uint32_t)-1, FILCH_RELAXED);
        }
        pthread_mutex_unlock(&pool->lock);
        if (other) {
            me->helping++;
            run_taken(pool, slot + 1, other);
            me->helping--;
        }
    }
}

int handpool_join(filch_slot *slot)
{
    if (claim(slot))
        return 1;
    if (!is_done(slot))
        wait_until_done(me->pool, slot);
    return 0;
}

void handpool_run(handpool *pool, const filch_task *task, filch_slot *slot)
{
    slot->claimed = task;
    filch_ptr_store(&slot->task, pool, FILCH_RELAXED); /* a fork leaves NULL there */
    filch_ptr_store(&slot->state, QUEUED, FILCH_RELEASE);
    while (!offer(pool, slot))
        sched_yield();
    pthread_mutex_lock(&pool->lock);
    while (!is_done(slot))
        pthread_cond_wait(&pool->outside, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static void *work(void *argument)
{
    me = argument;
    handpool *pool = me->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        filch_slot *slot = take(pool);
        if (slot) {
            pthread_mutex_unlock(&pool->lock);
            run_taken(pool, me->slots, slot);
            pthread_mutex_lock(&pool->lock);
        } else {
            pool->idle++;
            pthread_cond_wait(&pool->work, &pool->lock);
            pool->idle--;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int start_member(handpool *pool, struct member *m, const pthread_attr_t *attributes)
{
    void *slots = mmap(NULL, SLOTS * sizeof *m->slots, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slots == MAP_FAILED)
        return -errno;
    m->pool = pool;
    m->slots = slots;
    int rc = pthread_create(&m->thread, attributes, work, m);
    if (rc)
        munmap(slots, SLOTS * sizeof *m->slots);
    return -rc;
}

int handpool_create(handpool **out, unsigned workers)
{
    handpool *pool = calloc(1, sizeof *pool + workers * sizeof pool->members[0]);
    if (!pool)
        return -ENOMEM;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->progress, NULL);
    pthread_cond_init(&pool->outside, NULL);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int rc = -pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (; !rc && pool->workers < workers; pool->workers += !rc)
        rc = start_member(pool, &pool->members[pool->workers], &attributes);
    pthread_attr_destroy(&attributes);
    if (rc)
        handpool_destroy(pool);
    else
        *out = pool;
    return rc;
}

void handpool_destroy(handpool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->workers; i++) {
        pthread_join(pool->members[i].thread, NULL);
        munmap(pool->members[i].slots, SLOTS * sizeof *pool->members[i].slots);
    }
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->progress);
    pthread_cond_destroy(&pool->outside);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

handpool_counts handpool_counts_of(const handpool *pool)
{
    handpool_counts sum = {0};
    for (unsigned i = 0; i < pool->workers; i++) {
        sum.forks += pool->members[i].counts.forks;
        sum.takes += pool->members[i].counts.takes;
    }
    return sum;
}
