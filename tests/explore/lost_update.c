/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An atomicity violation without a lock: load and store are atomic, the sum of both is not. Two
 * additions at the same time count once. */
#include <err.h>
#include <filch/filch.h>
#include <stdatomic.h>

enum { TASKS = 2 };
static atomic_int hits;

static void hit(filch_self self, void *arg)
{
    (void)self, (void)arg;
    int seen = atomic_load(&hits);
    atomic_store(&hits, seen + 1);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    for (int i = 0; i < TASKS; i++)
        filch_go(rt, hit, NULL);
    int rc = filch_runtime_destroy(rt);
    if (atomic_load(&hits) != TASKS)
        errx(1, "%d hits of %d", atomic_load(&hits), TASKS);
    return rc;
}
