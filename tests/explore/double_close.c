/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A channel is closed twice: both tasks may find it open. */
#include <err.h>
#include <filch/filch.h>

static filch_channel *items;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void stop(filch_self self, void *arg)
{
    (void)self;
    *(unsigned *)arg = work(*(unsigned *)arg);
    if (!filch_channel_closed(items) && filch_channel_close(items))
        errx(1, "cannot stop: %s", filch_error());
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    if (filch_channel_create(&items, sizeof(int), 1))
        errx(2, "%s", filch_error());
    unsigned rounds[] = {1000, 500000};
    filch_go(rt, stop, &rounds[0]);
    filch_go(rt, stop, &rounds[1]);
    int rc = filch_runtime_destroy(rt);
    filch_channel_destroy(items);
    return rc;
}
