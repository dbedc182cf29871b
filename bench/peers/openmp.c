/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The peer "openmp": static loops, a reduction, and tasks. Built with gcc for libgomp and with
 * clang for libomp. */
#include "orders.h"

static void reduce(const peer_order *order, peer_reply *reply)
{
    const long count = order->room, turns = peer_turns(order);
    const int team = (int)order->workers;
    double *x = peer_numbers(count);
    peer_begin(reply);
    for (long i = 0; i < turns; i++) {
        double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum) num_threads(team)
        for (long k = 0; k < count; k++)
            sum += x[k];
        reply->answer += (uint64_t)sum;
    }
    peer_end(reply);
    free(x);
}

static void loop(const peer_order *order, peer_reply *reply)
{
    const long count = order->count, steps = order->steps;
    const int team = (int)order->workers;
    uint64_t *results = peer_memory((size_t)count, sizeof *results);
    peer_begin(reply);
#pragma omp parallel for schedule(static) num_threads(team)
    for (long i = 0; i < count; i++)
        results[i] = peer_steps((uint64_t)i, steps);
    peer_end(reply);
    reply->answer = peer_total(results, count);
    free(results);
}

static void spawn(const peer_order *order, peer_reply *reply)
{
    const long count = order->count, steps = order->steps;
    const int team = (int)order->workers;
    uint64_t *results = peer_memory((size_t)count, sizeof *results);
    peer_begin(reply);
#pragma omp parallel num_threads(team)
#pragma omp single
    for (long i = 0; i < count; i++) {
#pragma omp task firstprivate(i)
        results[i] = peer_steps((uint64_t)i, steps);
    }
    peer_end(reply);
    reply->answer = peer_total(results, count);
    free(results);
}

static long fib_of(long n)
{
    if (n < 2)
        return n;
    long left, right;
#pragma omp task shared(left)
    left = fib_of(n - 1);
    right = fib_of(n - 2);
#pragma omp taskwait
    return left + right;
}

static void fib(const peer_order *order, peer_reply *reply)
{
    const int team = (int)order->workers;
    peer_begin(reply);
#pragma omp parallel num_threads(team)
#pragma omp single
    reply->answer = (uint64_t)fib_of(order->count);
    peer_end(reply);
}

int main(void)
{
    static const peer_kind kinds[] = {
        {"reduce", reduce}, {"for", loop}, {"spawn", spawn}, {"fib", fib}, {NULL, NULL}};
    return peer_serve(kinds);
}
