/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A test-and-set lock. BROKEN: it tests, then sets. */
#include "loops.h"

static atomic_int locked;

static void lock(void)
{
    if (BROKEN) {
        while (atomic_load(&locked))
            filch_explore_point();
        atomic_store(&locked, 1);
    } else {
        while (atomic_exchange(&locked, 1))
            filch_explore_point();
    }
}

static void use(filch_self self, void *arg)
{
    (void)self, (void)arg;
    for (int i = 0; i < 2; i++) {
        lock();
        critical_section();
        atomic_store(&locked, 0);
    }
}

int main(void)
{
    return run_tasks(use, 2);
}
