/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A seqlock. BROKEN: its readers do not look at the number again. */
#include "loops.h"

static atomic_uint number;
static atomic_int a, b;

static void store(void)
{
    atomic_fetch_add(&number, 1);
    atomic_fetch_add(&a, 1);
    atomic_fetch_add(&b, 1);
    atomic_fetch_add(&number, 1);
}

static void load(void)
{
    for (;;) {
        unsigned before = atomic_load(&number);
        if (before & 1) {
            filch_explore_point();
            continue;
        }
        int x = atomic_load(&a), y = atomic_load(&b);
        if (!BROKEN && atomic_load(&number) != before)
            continue;
        if (x != y)
            errx(1, "%d and %d were never there together", x, y);
        return;
    }
}

static void use(filch_self self, void *arg)
{
    (void)self;
    for (int i = 0; i < 2; i++)
        (arg ? load : store)();
}

int main(void)
{
    return run_tasks(use, 3);
}
