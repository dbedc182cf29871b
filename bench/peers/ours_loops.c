/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ours.h"

#include <filch/for.h>
#include <filch/reduce.h>

/* ---- Reduce ---- */

FILCH_REDUCE(sum, double, 0.0, FILCH_PLUS, i, (const double *, x))
{
    return x[i];
}

FILCH_VOID_TASK(sums, (const peer_order *, order), (const double *, x), (peer_reply *, reply))
{
    peer_begin(reply);
    for (long i = 0; i < peer_turns(order); i++) {
        double result = 0;
        ours_check(sum(self, 0, (size_t)order->room, &result, x));
        reply->answer += (uint64_t)result;
    }
    peer_end(reply);
}

void ours_reduce(const peer_order *order, peer_reply *reply)
{
    double *x = peer_numbers(order->room);
    FILCH_RUN(ours_runtime(order->workers), sums, order, x, reply);
    free(x);
}

/* ---- For ---- */

FILCH_FOR(compute, i, (uint64_t *, results), (long, steps))
{
    results[i] = peer_steps(i, steps);
}

FILCH_VOID_TASK(loop, (const peer_order *, order), (uint64_t *, results), (peer_reply *, reply))
{
    peer_begin(reply);
    ours_check(compute(self, 0, (size_t)order->count, results, order->steps));
    peer_end(reply);
}

void ours_for(const peer_order *order, peer_reply *reply)
{
    uint64_t *results = peer_memory((size_t)order->count, sizeof *results);
    FILCH_RUN(ours_runtime(order->workers), loop, order, results, reply);
    reply->answer = peer_total(results, order->count);
    free(results);
}

/* ---- Spawn and fork ---- */

typedef struct item {
    long steps;
    uint64_t result; /* at first: where it begins */
} item;

static item *items_of(const peer_order *order)
{
    item *items = peer_memory((size_t)order->count, sizeof *items);
    for (long i = 0; i < order->count; i++)
        items[i] = (item){order->steps, (uint64_t)i};
    return items;
}

static uint64_t total_of(item *items, long count)
{
    uint64_t total = 0;
    for (long i = 0; i < count; i++)
        total += items[i].result;
    free(items);
    return total;
}

static int child(filch_self self, filch_scope *scope, void *data)
{
    item *mine = data;
    mine->result = peer_steps(mine->result, mine->steps);
    return 0;
}

FILCH_VOID_TASK(spawn_all, (const peer_order *, order), (item *, items), (peer_reply *, reply))
{
    filch_scope scope;
    peer_begin(reply);
    ours_check(filch_scope_begin(&scope, NULL, NULL));
    for (long i = 0; i < order->count; i++)
        ours_check(FILCH_SPAWN(&scope, child, &items[i]));
    ours_check(filch_scope_end(&scope));
    peer_end(reply);
}

void ours_spawn(const peer_order *order, peer_reply *reply)
{
    item *items = items_of(order);
    FILCH_RUN(ours_runtime(order->workers), spawn_all, order, items, reply);
    reply->answer = total_of(items, order->count);
}

FILCH_VOID_TASK(twig, (item *, mine))
{
    mine->result = peer_steps(mine->result, mine->steps);
}

enum { FORKS_AT_A_TIME = 1000 };

FILCH_VOID_TASK(fork_all, (const peer_order *, order), (item *, items), (peer_reply *, reply))
{
    peer_begin(reply);
    for (long from = 0, end; from < order->count; from = end) {
        end = from + FORKS_AT_A_TIME < order->count ? from + FORKS_AT_A_TIME : order->count;
        for (long i = from; i < end; i++)
            FILCH_FORK(twig, &items[i]);
        for (long i = from; i < end; i++)
            FILCH_JOIN_VOID(twig);
    }
    peer_end(reply);
}

void ours_fork(const peer_order *order, peer_reply *reply)
{
    item *items = items_of(order);
    FILCH_RUN(ours_runtime(order->workers), fork_all, order, items, reply);
    reply->answer = total_of(items, order->count);
}
