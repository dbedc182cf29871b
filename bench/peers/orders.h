/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A peer's program does the same work with one library, so that libraries in any language stand
 * side by side. It reads orders from its standard input, one line each, does the work, and answers
 * each with one line; bar-vs and bar-peers (bench/bars) start the programs and interleave them.
 *
 *   order:  KIND COUNT WORKERS PARTIES WIDTH ROOM STEPS       ("jobs-fifo 60000 2 1 2 1000 0")
 *   answer: SECONDS CPU-SECONDS ANSWER P50 P99                ("0.021 0.036 60000 0 0")
 *           none                                              this program has no such kind
 *
 * Every program computes the same ANSWER for the same order. Objects are created and destroyed
 * outside the measured time. The kinds, and what the numbers mean in each:
 *
 *   wake-blocks, -polls, -spins   COUNT tasks, one every STEPS us, submitted to idle WORKERS by a thread
 *                                 that then blocks, yields, or spins until the task ran; P50 and P99 of
 *                                 submission to start, in us
 *   jobs-direct                   COUNT empty jobs by PARTIES threads, from the first submission until
 *                                 all are done; no queue limit
 *   jobs-queued, -fifo, -priority the same, at most WIDTH at a time and ROOM waiting, in that order
 *   jobs-timeout, -handle, -all   as jobs-queued, each job with a deadline; with a handle that is waited
 *                                 for; with both and a priority
 *   million                       COUNT jobs of which some wait, fail, or panic (ours_million.c), at most ROOM
 *                                 waiting, a width that follows the queue up to WIDTH
 *   channel                       COUNT items from PARTIES tasks to as many, capacity ROOM
 *   mutex                         COUNT critical sections of STEPS steps, by PARTIES tasks
 *   timers-start, -stop, -pairs   COUNT timers started by PARTIES tasks; then, measured as well, stopped by
 *                                 them; each stopped at once
 *   reduce                        the sum of ROOM doubles, again and again: COUNT in all
 *   for                           a loop of COUNT iterations of STEPS steps
 *   spawn, fork                   COUNT tasks of STEPS steps, started by one task which waits for all
 *   fib                           fib(COUNT), a task for each call
 *
 * C and C++. */
#ifndef PEERS_ORDERS_H
#define PEERS_ORDERS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct peer_order {
    char kind[24];
    long count, workers, parties, width, room, steps;
} peer_order;

typedef struct peer_reply {
    double seconds, cpu; /* of the measured part */
    uint64_t answer;
    double p50, p99; /* us */
} peer_reply;

typedef struct peer_kind {
    const char *name; /* NULL: the end */
    void (*work)(const peer_order *order, peer_reply *reply);
} peer_kind;

static inline double peer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline double peer_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline void peer_begin(peer_reply *reply)
{
    reply->cpu = peer_cpu();
    reply->seconds = peer_now();
}

static inline void peer_end(peer_reply *reply)
{
    reply->seconds = peer_now() - reply->seconds;
    reply->cpu = peer_cpu() - reply->cpu;
}

static inline void peer_check(int is_right, const char *what)
{
    if (!is_right) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

/* Zeroed. */
static inline void *peer_memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    peer_check(memory != NULL, "calloc");
    return memory;
}

/* A body that no compiler shortens: each step waits for the one before. */
static inline uint64_t peer_steps(uint64_t x, long count)
{
    while (count-- > 0)
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return x;
}

/* The operands of the kind "reduce": small whole numbers, whose sum does not depend on the order.
 * Warm in the cache as far as they fit. */
static inline double *peer_numbers(long count)
{
    double *x = (double *)peer_memory((size_t)count, sizeof *x);
    for (long i = 0; i < count; i++)
        x[i] = (double)(i % 7);
    return x;
}

/* How often the kind "reduce" adds them up. */
static inline long peer_turns(const peer_order *order)
{
    return order->count > order->room ? order->count / order->room : 1;
}

static inline uint64_t peer_total(const uint64_t *results, long count)
{
    uint64_t total = 0;
    for (long i = 0; i < count; i++)
        total += results[i];
    return total;
}

static inline int peer_serve(const peer_kind *kinds)
{
    peer_order order;
    while (scanf("%23s %ld %ld %ld %ld %ld %ld", order.kind, &order.count, &order.workers,
                 &order.parties, &order.width, &order.room, &order.steps) == 7) {
        const peer_kind *kind = kinds;
        peer_reply reply;
        memset(&reply, 0, sizeof reply);
        while (kind->name && strcmp(kind->name, order.kind) != 0)
            kind++;
        if (kind->name) {
            kind->work(&order, &reply);
            printf("%.9f %.9f %llu %.3f %.3f\n", reply.seconds, reply.cpu,
                   (unsigned long long)reply.answer, reply.p50, reply.p99);
        } else {
            puts("none");
        }
        fflush(stdout);
    }
    return 0;
}

#endif
