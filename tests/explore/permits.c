/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deadlock on a semaphore: each task needs both connections, and takes one after the other
 * instead of both at once. */
#include <err.h>
#include <filch/filch.h>

static filch_semaphore connections;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void copy(filch_self self, void *arg)
{
    (void)self;
    *(unsigned *)arg = work(*(unsigned *)arg);
    filch_semaphore_acquire(&connections, 1); /* to read from */
    filch_semaphore_acquire(&connections, 1); /* to write to */
    filch_semaphore_give_back(&connections, 2);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    filch_semaphore_init(&connections, 2);
    unsigned rounds[] = {1000, 500000};
    filch_go(rt, copy, &rounds[0]);
    filch_go(rt, copy, &rounds[1]);
    return filch_runtime_destroy(rt);
}
