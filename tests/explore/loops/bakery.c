/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * L. Lamport, A New Solution of Dijkstra's Concurrent Programming Problem, 1974. BROKEN: nobody says that it draws
 * a number. */
#include "loops.h"

enum { TASKS = 2 };
static atomic_int draws[TASKS], number[TASKS];

static void draw(int me)
{
    int most = 0;
    if (!BROKEN)
        atomic_store(&draws[me], 1);
    for (int i = 0; i < TASKS; i++) {
        int other = atomic_load(&number[i]);
        most = other > most ? other : most;
    }
    atomic_store(&number[me], most + 1);
    atomic_store(&draws[me], 0);
}

static int comes_first(int other, int me)
{
    int its = atomic_load(&number[other]), mine = atomic_load(&number[me]);
    return its && (its < mine || (its == mine && other < me));
}

static void use(filch_self self, void *arg)
{
    const int me = (int)(long)arg;
    (void)self;
    draw(me);
    for (int i = 0; i < TASKS; i++) {
        while (atomic_load(&draws[i]))
            filch_explore_point();
        while (comes_first(i, me))
            filch_explore_point();
    }
    critical_section();
    atomic_store(&number[me], 0);
}

int main(void)
{
    return run_tasks(use, TASKS);
}
