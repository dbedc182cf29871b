/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deep bug: N dining philosophers (E. W. Dijkstra). Each takes the left fork, then the right one.
 * Argument: N (5), 2 to 5. With few of them, and a worker for each, the deadlock is found soon. */
#include <err.h>
#include <filch/filch.h>
#include <stdlib.h>

enum { MOST = 5 };
static filch_mutex forks[MOST];
static long count = MOST;

static void dine(filch_self self, void *arg)
{
    filch_mutex *left = &forks[(long)arg], *right = &forks[((long)arg + 1) % count];
    (void)self;
    filch_mutex_lock(left);
    filch_mutex_lock(right);
    filch_mutex_unlock(right);
    filch_mutex_unlock(left);
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    if (argc > 1)
        count = strtol(argv[1], NULL, 10);
    if (count < 2 || count > MOST)
        errx(2, "%ld philosophers (valid: 2 to %d)", count, MOST);
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    for (long i = 0; i < count; i++)
        filch_go(rt, dine, (void *)i);
    return filch_runtime_destroy(rt);
}
