/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The peer "hand": mutexes and condition variables, as one writes them by hand: the pool of
 * bench/peers/jobpool.h, a ring with two conditions, threads around a pthread mutex. Its jobs have
 * neither deadlines nor handles; where those are asked for it runs plain ones. */
#include "submit.h"
#include "wake.h"

#include "jobpool.h"

#include <stdbool.h>

enum { LEVELS = JOBPOOL_LEVELS };

static jobpool *pool_of(long threads, long room)
{
    jobpool *pool;
    peer_check(!jobpool_create(&pool, (unsigned)threads, (size_t)room, NULL), "jobpool_create");
    return pool;
}

/* ---- Wake-ups ---- */

static void start(void *note)
{
    wake_start(note);
}

static void submit_note(void *pool, wake_note *note)
{
    jobpool_submit(pool, start, note);
}

static void wake(const peer_order *order, peer_reply *reply)
{
    jobpool *pool = pool_of(order->workers, 1);
    wake_measure(order, reply, submit_note, pool);
    jobpool_destroy(pool);
}

/* ---- Jobs ---- */

static void nothing(void *data)
{
}

static void burst(void *pool, long count)
{
    for (long i = 0; i < count; i++)
        jobpool_submit(pool, nothing, NULL);
}

static void burst_of_levels(void *pool, long count)
{
    for (long i = 0; i < count; i++)
        jobpool_submit_at(pool, (unsigned)i % LEVELS, nothing, NULL);
}

static uint64_t wait_for_all(void *pool)
{
    return jobpool_wait(pool);
}

static void jobs_by(const peer_order *order, peer_reply *reply, const submit_side *side)
{
    jobpool *pool = pool_of(order->width, order->room);
    submit_measure(order, reply, side, pool);
    jobpool_destroy(pool);
}

static void jobs(const peer_order *order, peer_reply *reply)
{
    static const submit_side side = {burst, wait_for_all};
    jobs_by(order, reply, &side);
}

static void jobs_of_levels(const peer_order *order, peer_reply *reply)
{
    static const submit_side side = {burst_of_levels, wait_for_all};
    jobs_by(order, reply, &side);
}

/* ---- Channel ---- */

typedef struct ring {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    size_t room, first, count;
    uint64_t *items;
    uint64_t sum; /* of what was received; under lock */
    const peer_order *order;
} ring;

static void ring_send(ring *r, uint64_t item)
{
    pthread_mutex_lock(&r->lock);
    while (r->count == r->room)
        pthread_cond_wait(&r->not_full, &r->lock);
    r->items[(r->first + r->count++) % r->room] = item;
    pthread_cond_signal(&r->not_empty);
    pthread_mutex_unlock(&r->lock);
}

static uint64_t ring_receive(ring *r)
{
    pthread_mutex_lock(&r->lock);
    while (!r->count)
        pthread_cond_wait(&r->not_empty, &r->lock);
    uint64_t item = r->items[r->first];
    r->first = (r->first + 1) % r->room;
    r->count--;
    pthread_cond_signal(&r->not_full);
    pthread_mutex_unlock(&r->lock);
    return item;
}

/* Even parties send, odd ones receive. */
static void talk(void *context, long party)
{
    ring *r = context;
    uint64_t sum = 0;
    for (long i = 0, share = parties_share(r->order, party / 2); i < share; i++)
        if (party % 2)
            sum += ring_receive(r);
        else
            ring_send(r, (uint64_t)i);
    pthread_mutex_lock(&r->lock);
    r->sum += sum;
    pthread_mutex_unlock(&r->lock);
}

static void channel(const peer_order *order, peer_reply *reply)
{
    ring r = {.lock = PTHREAD_MUTEX_INITIALIZER,
              .not_full = PTHREAD_COND_INITIALIZER,
              .not_empty = PTHREAD_COND_INITIALIZER,
              .room = (size_t)order->room,
              .items = peer_memory((size_t)order->room, sizeof *r.items),
              .order = order};
    parties_run(2 * order->parties, talk, &r, reply);
    peer_end(reply);
    reply->answer = r.sum;
    free(r.items);
}

/* ---- Mutex ---- */

typedef struct contest {
    pthread_mutex_t lock;
    uint64_t state; /* under lock */
    const peer_order *order;
} contest;

static void contend(void *context, long party)
{
    contest *c = context;
    for (long i = parties_share(c->order, party); i > 0; i--) {
        pthread_mutex_lock(&c->lock);
        c->state = peer_steps(c->state, c->order->steps);
        pthread_mutex_unlock(&c->lock);
    }
}

static void mutex(const peer_order *order, peer_reply *reply)
{
    contest c = {.lock = PTHREAD_MUTEX_INITIALIZER, .order = order};
    parties_run(order->parties, contend, &c, reply);
    peer_end(reply);
    reply->answer = c.state;
}

int main(void)
{
    static const peer_kind kinds[] = {
        {"wake-blocks", wake},  {"wake-polls", wake},  {"wake-spins", wake},
        {"jobs-queued", jobs},  {"jobs-fifo", jobs},   {"jobs-priority", jobs_of_levels},
        {"jobs-timeout", jobs}, {"jobs-handle", jobs}, {"jobs-all", jobs_of_levels},
        {"channel", channel},   {"mutex", mutex},      {NULL, NULL},
    };
    return peer_serve(kinds);
}
