/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deep bug: it shows only if two tasks alternate three times. */
#include <err.h>
#include <filch/filch.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { STEPS = 3 };
static atomic_int stored;
static atomic_bool alternated;

/* Stores arg + 1, + 3, + 5, each only if the other one has stored the number before. */
static void take_turns(filch_self self, void *arg)
{
    int mine = (int)(long)arg;
    (void)self;
    for (int i = 0; i < STEPS; i++, mine += 2) {
        if (atomic_load(&stored) != mine)
            return;
        atomic_store(&stored, mine + 1);
    }
    if (arg)
        atomic_store(&alternated, true);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    filch_go(rt, take_turns, (void *)0);
    filch_go(rt, take_turns, (void *)1);
    int rc = filch_runtime_destroy(rt);
    if (atomic_load(&alternated))
        errx(1, "the tasks have alternated");
    return rc;
}
