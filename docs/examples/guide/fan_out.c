/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fan-out: numbers go to a pool, which takes them apart into primes, several at a time. Fan-in: the
 * results come back through one channel, in any order, and is put in order again. For engineers
 * and service authors.
 *
 *   cc -O2 fan_out.c $(pkg-config --cflags --libs filch) -o fan_out */
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { NUMBERS = 400, WIDTH = 4, WINDOW = 32, SHOWN = 4 };

typedef struct finding {
    unsigned index;
    unsigned long number, largest; /* prime factor */
    filch_channel *to;             /* where the finding goes */
} finding;

typedef struct fan {
    filch_pool *pool;
    filch_channel *findings;
    filch_semaphore window; /* a permit for each number that is out and not yet in order */
    finding work[NUMBERS];
} fan;

static int take_apart(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    finding *mine = data;
    unsigned long rest = mine->number;
    for (unsigned long p = 2; p * p <= rest; p += 1 + p % 2)
        for (; rest % p == 0; rest /= p)
            mine->largest = p;
    if (rest > 1)
        mine->largest = rest;
    return filch_channel_send(mine->to, mine);
}

/* One sender, many receivers: the pool. Many senders, one receiver: the channel; it is closed when
 * the pool has come to rest, since then nobody sends any more. */
static void fan_out(filch_self self, void *arg)
{
    (void)self;
    fan *f = arg;
    int rc = 0;
    for (unsigned i = 0; i < NUMBERS && !rc; i++) {
        unsigned long number = 1000000007UL * (i + 1) + i;
        f->work[i] = (finding){.index = i, .number = number, .to = f->findings};
        filch_semaphore_acquire(&f->window, 1);
        rc = FILCH_SUBMIT(f->pool, take_apart, &f->work[i]);
    }
    filch_pool_destroy(f->pool);
    filch_channel_close(f->findings);
}

/* A result that comes too early waits in its place; the window bounds their number. */
static unsigned fan_in(fan *f, unsigned long *sum)
{
    finding early[WINDOW] = {{0}};
    unsigned next = 0;
    FILCH_EACH(finding, one, f->findings)
    {
        early[one.index % WINDOW] = one;
        for (finding *due; due = &early[next % WINDOW], due->number && due->index == next; next++) {
            if (next < SHOWN)
                printf("%lu: the largest prime factor is %lu\n", due->number, due->largest);
            *sum = *sum * 31 + due->largest; /* the order matters */
            due->number = 0;
            filch_semaphore_give_back(&f->window, 1);
        }
    }
    return next;
}

int main(void)
{
    static fan f;
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || filch_semaphore_init(&f.window, WINDOW) ||
        filch_channel_create(&f.findings, sizeof(finding), WIDTH) ||
        filch_pool_create(&f.pool, &(filch_pool_config){.runtime = rt, .width = WIDTH}))
        return fprintf(stderr, "fan_out: %s\n", filch_error()), 1;
    if (filch_go(rt, fan_out, &f))
        return fprintf(stderr, "fan_out: %s\n", filch_error()), 1;
    unsigned long sum = 0;
    unsigned count = fan_in(&f, &sum);
    printf("%u in order, check sum %016lx\n", count, sum);
    int rc = filch_runtime_destroy(rt);
    filch_channel_destroy(f.findings);
    return rc || count != NUMBERS ? 1 : 0;
}
