/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ours.h"

#include "parties.h"

#include <filch/sync.h>

/* ---- Parties: tasks that are forked one after another ---- */

typedef struct crowd {
    const peer_order *order;
    void (*body)(struct crowd *crowd, long party);
    filch_channel *channel;
    filch_mutex lock;
    uint64_t state; /* under lock */
    filch_runtime *rt;
    filch_timer *timers;
    peer_reply *reply;
} crowd;

FILCH_VOID_TASK(party, (crowd *, all), (long, number))
{
    all->body(all, number);
}

FILCH_VOID_TASK(gather, (crowd *, all), (long, count))
{
    peer_begin(all->reply);
    for (long i = 0; i < count; i++)
        FILCH_FORK(party, all, i);
    for (long i = 0; i < count; i++)
        FILCH_JOIN_VOID(party);
    peer_end(all->reply);
}

static void run_crowd(crowd *all, long count)
{
    all->rt = ours_runtime(all->order->workers);
    FILCH_RUN(all->rt, gather, all, count);
}

/* ---- Channel ---- */

/* Even parties send, odd ones receive. */
static void talk(crowd *all, long number)
{
    uint64_t sum = 0, item;
    for (long i = 0, share = parties_share(all->order, number / 2); i < share; i++) {
        item = (uint64_t)i;
        ours_check(number % 2 ? filch_channel_receive(all->channel, &item)
                              : filch_channel_send(all->channel, &item));
        sum += number % 2 ? item : 0;
    }
    filch_mutex_lock(&all->lock);
    all->state += sum;
    filch_mutex_unlock(&all->lock);
}

void ours_channel(const peer_order *order, peer_reply *reply)
{
    crowd all = {.order = order, .body = talk, .reply = reply};
    ours_check(filch_channel_create(&all.channel, sizeof(uint64_t), (size_t)order->room));
    run_crowd(&all, 2 * order->parties);
    filch_channel_destroy(all.channel);
    reply->answer = all.state;
}

/* ---- Mutex ---- */

static void contend(crowd *all, long number)
{
    for (long i = parties_share(all->order, number); i > 0; i--) {
        filch_mutex_lock(&all->lock);
        all->state = peer_steps(all->state, all->order->steps);
        filch_mutex_unlock(&all->lock);
    }
}

void ours_mutex(const peer_order *order, peer_reply *reply)
{
    crowd all = {.order = order, .body = contend, .reply = reply};
    run_crowd(&all, order->parties);
    reply->answer = all.state;
}

/* ---- Timers: due tomorrow, at some time of the day ---- */

static int64_t some_time(uint64_t *random)
{
    *random = peer_steps(*random, 1);
    return filch_in((int64_t)(86400 + (*random >> 33) % 86400) * FILCH_SECOND);
}

static void never(filch_self self, void *unused)
{
    peer_check(0, "a timer that is due tomorrow");
}

static void start_all(crowd *all, long number)
{
    uint64_t random = (uint64_t)number;
    for (long i = number; i < all->order->count; i += all->order->parties)
        ours_check(filch_timer_start(&all->timers[i], all->rt, some_time(&random), never, NULL));
}

static void start_then_stop_all(crowd *all, long number)
{
    start_all(all, number);
    for (long i = number; i < all->order->count; i += all->order->parties)
        peer_check(filch_timer_stop(&all->timers[i]), "a timer");
}

/* Stops those that the parties have left. */
static void run_timers(const peer_order *order, peer_reply *reply,
                       void (*body)(crowd *all, long number))
{
    crowd all = {.order = order, .body = body, .reply = reply};
    all.timers = peer_memory((size_t)order->count, sizeof *all.timers);
    run_crowd(&all, order->parties);
    for (long i = 0; i < order->count; i++)
        filch_timer_stop(&all.timers[i]);
    free(all.timers);
    reply->answer = (uint64_t)order->count;
}

void ours_timers_start(const peer_order *order, peer_reply *reply)
{
    run_timers(order, reply, start_all);
}

void ours_timers_stop(const peer_order *order, peer_reply *reply)
{
    run_timers(order, reply, start_then_stop_all);
}

static void start_and_stop(crowd *all, long number)
{
    uint64_t random = (uint64_t)number;
    filch_timer timer = {0};
    for (long i = parties_share(all->order, number); i > 0; i--) {
        ours_check(filch_timer_start(&timer, all->rt, some_time(&random), never, NULL));
        peer_check(filch_timer_stop(&timer), "a timer");
    }
}

void ours_timers_pairs(const peer_order *order, peer_reply *reply)
{
    crowd all = {.order = order, .body = start_and_stop, .reply = reply};
    run_crowd(&all, order->parties);
    reply->answer = (uint64_t)order->count;
}
