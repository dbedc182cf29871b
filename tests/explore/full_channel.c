/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A cycle of waiting through a channel: the reader waits until both writers have ended. A writer
 * that finds room writes; but when the other one is faster, there is none, and the writer waits
 * for the reader. */
#include <err.h>
#include <filch/filch.h>

static filch_channel *samples; /* room for one: a second sample may be left out */
static filch_waitgroup writers;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void measure(filch_self self, void *arg)
{
    (void)self;
    unsigned sample = work(*(unsigned *)arg);
    if (filch_channel_length(samples) < filch_channel_capacity(samples))
        filch_channel_send(samples, &sample);
    filch_waitgroup_done(&writers);
}

static void read_all(filch_self self, void *arg)
{
    unsigned sample;
    (void)self, (void)arg;
    filch_waitgroup_wait(&writers);
    while (filch_channel_try_receive(samples, &sample) == 0)
        ;
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    unsigned rounds[] = {1000, 500000};
    if (filch_channel_create(&samples, sizeof(unsigned), 1))
        errx(2, "%s", filch_error());
    filch_waitgroup_add(&writers, 2);
    filch_go(rt, measure, &rounds[0]);
    filch_go(rt, measure, &rounds[1]);
    filch_go(rt, read_all, NULL);
    int rc = filch_runtime_destroy(rt);
    filch_channel_destroy(samples);
    return rc;
}
