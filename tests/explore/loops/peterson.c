/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * G. L. Peterson, Myths About the Mutual Exclusion Problem, 1981. BROKEN: the turn before the flag. */
#include "loops.h"

static atomic_int wants[2], turn;

static void use(filch_self self, void *arg)
{
    const int me = (int)(long)arg, other = 1 - me;
    (void)self;
    for (int i = 0; i < 2; i++) {
        if (BROKEN)
            atomic_store(&turn, other);
        atomic_store(&wants[me], 1);
        if (!BROKEN)
            atomic_store(&turn, other);
        while (atomic_load(&wants[other]) && atomic_load(&turn) == other)
            filch_explore_point();
        critical_section();
        atomic_store(&wants[me], 0);
    }
}

int main(void)
{
    return run_tasks(use, 2);
}
