/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A ticket lock, whose loop has no decision point but its load. BROKEN: two tasks may draw one ticket. */
#include "loops.h"

static atomic_int next, served;

static int draw(void)
{
    if (!BROKEN)
        return atomic_fetch_add(&next, 1);
    int ticket = atomic_load(&next);
    atomic_store(&next, ticket + 1);
    return ticket;
}

static void use(filch_self self, void *arg)
{
    (void)self, (void)arg;
    int ticket = draw();
    while (atomic_load(&served) < ticket)
        ;
    critical_section();
    atomic_fetch_add(&served, 1);
}

int main(void)
{
    return run_tasks(use, 3);
}
