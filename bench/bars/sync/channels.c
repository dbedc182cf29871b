/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: channels. A send and a receive of one task that never wait; a message from one task to
 * another and back, on one worker and on two. Then two producers and two consumers on two workers,
 * against four threads and a ring of the same capacity behind a pthread mutex and two
 * conditions. */
#include "bars.h"

enum { SIDES = 2, CASES = 4 };

/* ---- One task, no waiting ---- */

static void check(bool right)
{
    measure_expect(right, "an item was lost");
}

FILCH_VOID_TASK(alone, (plan *, p))
{
    filch_channel *channel = channel_with(p->room);
    item sum = 0;
    double from = measure_now();
    for (item one = 0, got = 0; one < (item)p->count; one++, sum += got) {
        filch_channel_send(channel, &one);
        filch_channel_receive(channel, &got);
    }
    p->seconds = measure_now() - from;
    check(sum == (item)p->count * ((item)p->count - 1) / 2);
    filch_channel_destroy(channel);
}

double channels_alone(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, alone, p);
    return p->seconds / (double)p->count;
}

FILCH_VOID_TASK(choosing, (plan *, p))
{
    filch_channel *channels[CASES];
    filch_case cases[CASES];
    item sum = 0, got = 0;
    for (int i = 0; i < CASES; i++) {
        channels[i] = channel_with(p->room);
        cases[i] = (filch_case)FILCH_RECEIVE(channels[i], &got);
    }
    double from = measure_now();
    for (item one = 0; one < (item)p->count; one++, sum += got) {
        filch_channel_send(channels[one % CASES], &one);
        filch_select(cases, CASES);
    }
    p->seconds = measure_now() - from;
    check(sum == (item)p->count * ((item)p->count - 1) / 2);
    for (int i = 0; i < CASES; i++)
        filch_channel_destroy(channels[i]);
}

double channels_choosing(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, choosing, p);
    return p->seconds / (double)p->count;
}

/* ---- There and back ---- */

FILCH_VOID_TASK(echo, (filch_channel *, there), (filch_channel *, back))
{
    FILCH_EACH(item, one, there) filch_channel_send(back, &one);
}

FILCH_VOID_TASK(ping, (plan *, p))
{
    filch_channel *there = channel_with(p->room), *back = channel_with(p->room);
    FILCH_FORK(echo, there, back);
    item sum = 0;
    double from = measure_now();
    for (item one = 0, got; one < (item)p->count; one++) {
        filch_channel_send(there, &one);
        filch_channel_receive(back, &got);
        sum += got;
    }
    p->seconds = measure_now() - from;
    filch_channel_close(there);
    FILCH_JOIN_VOID(echo);
    check(sum == (item)p->count * ((item)p->count - 1) / 2);
    filch_channel_destroy(there);
    filch_channel_destroy(back);
}

double channels_hop(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, ping, p);
    return p->seconds / (double)p->count / 2;
}

/* ---- Two producers, two consumers ---- */

FILCH_VOID_TASK(produce, (filch_channel *, channel), (item, first), (long, count))
{
    for (long i = 0; i < count; i++, first++)
        filch_channel_send(channel, &first);
}

FILCH_TASK(item, consume, (filch_channel *, channel))
{
    item sum = 0;
    FILCH_EACH(item, one, channel) sum += one;
    return sum;
}

FILCH_VOID_TASK(feed, (filch_channel *, channel), (long, count))
{
    FILCH_FORK(produce, channel, 0, count / SIDES);
    produce(self, channel, (item)(count / SIDES), count / SIDES);
    FILCH_JOIN_VOID(produce);
    filch_channel_close(channel);
}

FILCH_VOID_TASK(crowd, (plan *, p))
{
    filch_channel *channel = channel_with(p->room);
    double from = measure_now();
    FILCH_FORK(feed, channel, p->count);
    FILCH_FORK(consume, channel);
    item sum = consume(self, channel);
    FILCH_JOIN(item other, consume);
    FILCH_JOIN_VOID(feed);
    p->seconds = measure_now() - from;
    check(sum + other == (item)p->count * ((item)p->count - 1) / 2);
    filch_channel_destroy(channel);
}

double channels_crowd(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, crowd, p);
    return p->seconds / (double)p->count;
}

/* ---- The same by threads: as one writes it by hand ---- */

typedef struct ring {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    size_t room, first, count;
    bool closed;
    item *items;
    long share; /* of each producer */
} ring;

static void ring_send(ring *r, item one)
{
    pthread_mutex_lock(&r->lock);
    while (r->count == r->room)
        pthread_cond_wait(&r->not_full, &r->lock);
    r->items[(r->first + r->count++) % r->room] = one;
    pthread_cond_signal(&r->not_empty);
    pthread_mutex_unlock(&r->lock);
}

static bool ring_receive(ring *r, item *one)
{
    pthread_mutex_lock(&r->lock);
    while (!r->count && !r->closed)
        pthread_cond_wait(&r->not_empty, &r->lock);
    bool any = r->count;
    if (any) {
        *one = r->items[r->first];
        r->first = (r->first + 1) % r->room;
        r->count--;
        pthread_cond_signal(&r->not_full);
    }
    pthread_mutex_unlock(&r->lock);
    return any;
}

static void ring_close(ring *r)
{
    pthread_mutex_lock(&r->lock);
    r->closed = true;
    pthread_cond_broadcast(&r->not_empty);
    pthread_mutex_unlock(&r->lock);
}

static void ring_open(ring *r, const plan *p)
{
    *r = (ring){.room = p->room, .share = p->count / SIDES};
    r->items = calloc(r->room, sizeof *r->items);
    if (!r->items || pthread_mutex_init(&r->lock, NULL) || pthread_cond_init(&r->not_full, NULL) ||
        pthread_cond_init(&r->not_empty, NULL))
        exit(1);
}

static void *thread_produces(void *arg)
{
    ring *r = arg;
    for (long i = 0; i < r->share; i++)
        ring_send(r, (item)i);
    return NULL;
}

static void *thread_consumes(void *arg)
{
    item sum = 0;
    for (item one; ring_receive(arg, &one);)
        sum += one;
    return (void *)(uintptr_t)sum;
}

double channels_threads(void *context)
{
    plan *p = context;
    pthread_t producers[SIDES], consumers[SIDES];
    ring r;
    ring_open(&r, p);
    double from = measure_now();
    for (int i = 0; i < SIDES; i++)
        if (pthread_create(&producers[i], NULL, thread_produces, &r) ||
            pthread_create(&consumers[i], NULL, thread_consumes, &r))
            exit(1);
    for (int i = 0; i < SIDES; i++)
        pthread_join(producers[i], NULL);
    ring_close(&r);
    item sum = 0;
    for (int i = 0; i < SIDES; i++) {
        void *part;
        pthread_join(consumers[i], &part);
        sum += (uintptr_t)part;
    }
    double seconds = measure_now() - from;
    check(sum == SIDES * ((item)r.share * ((item)r.share - 1) / 2));
    free(r.items);
    return seconds / (double)p->count;
}

double channels_ring_alone(void *context)
{
    plan *p = context;
    ring r;
    ring_open(&r, p);
    item sum = 0;
    double from = measure_now();
    for (item one = 0, got = 0; one < (item)p->count; one++, sum += got) {
        ring_send(&r, one);
        ring_receive(&r, &got);
    }
    double seconds = measure_now() - from;
    check(sum == (item)p->count * ((item)p->count - 1) / 2);
    free(r.items);
    return seconds / (double)p->count;
}
