/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A race of close and send: the last of the workers closes the channel. But a worker counts
 * itself as ready before it sends, so the last one may close before another one has sent. */
#include <err.h>
#include <filch/filch.h>
#include <stdatomic.h>

enum { WORKERS = 2 };
static filch_channel *results;
static atomic_int left = WORKERS;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void compute(filch_self self, void *arg)
{
    (void)self;
    unsigned result = work(*(unsigned *)arg);
    bool last = atomic_fetch_sub(&left, 1) == 1;
    if (filch_channel_send(results, &result))
        errx(1, "result %u is lost: %s", result, filch_error());
    if (last)
        filch_channel_close(results);
}

static void collect(filch_self self, void *arg)
{
    (void)self;
    FILCH_EACH(unsigned, result, results)
    {
        *(unsigned *)arg += result != 0;
    }
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    unsigned inputs[WORKERS] = {1000, 500000}, got = 0;
    if (filch_channel_create(&results, sizeof(unsigned), WORKERS))
        errx(2, "%s", filch_error());
    for (int i = 0; i < WORKERS; i++)
        filch_go(rt, compute, &inputs[i]);
    filch_go(rt, collect, &got);
    int rc = filch_runtime_destroy(rt);
    filch_channel_destroy(results);
    return got == WORKERS ? rc : 1;
}
