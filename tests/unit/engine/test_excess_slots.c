/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Slots of excess forks: those that were moved to the heap name their tasks again when they come back,
 * and those that are free say nothing of earlier tasks, which a thief would believe. */
#include <sched/forkstack.h>
#include <tests/support/test.h>

enum { COUNT = FL_SLOTS - FL_RESERVE + FL_ASIDE };

FILCH_TASK(long, leaf, (long, n))
{
    return 3 * n + 1;
}

/* The first join moves self back among them; filch_join asks for their tasks. Returns how many results
 * were wrong. */
FILCH_TASK(long, joins_by_function)
{
    long wrong = 0;
    for (long i = 0; i < COUNT; i++)
        FILCH_FORK(leaf, i);
    FILCH_JOIN(long newest, leaf);
    wrong += newest != 3 * (COUNT - 1) + 1;
    for (unsigned i = 1; i < FL_ASIDE; i++)
        wrong += filch_join(--self) != 0; /* it has run */
    for (long i = COUNT - FL_ASIDE; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

/* How many slots of the reserve from self on have the state of an earlier task? */
static long stale_slots(filch_self self)
{
    long stale = 0;
    for (filch_slot *slot = self; slot < fl_last_slot(fl_forkstack_of(self)); slot++)
        stale += filch_ptr_load(&slot->state, FILCH_RELAXED) != NULL; /* its own */
    return stale;
}

FILCH_TASK(long, leaves_free_slots)
{
    long stale = 0;
    for (long i = 0; i < COUNT; i++)
        FILCH_FORK(leaf, i);
    stale += stale_slots(self); /* all of the reserve were moved */
    for (unsigned i = 1; i < FL_ASIDE; i++)
        FILCH_FORK(leaf, 0);
    for (unsigned i = 1; i < FL_ASIDE; i++) {
        FILCH_JOIN(long zeroth, leaf);
        stale += zeroth != 1;
        stale += stale_slots(self);
    }
    for (long i = COUNT; i--;) {
        FILCH_JOIN(long one, leaf);
        stale += one != 3 * i + 1;
    }
    return stale;
}

Test(excess_slots, are_blank_when_they_are_free)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(rt, leaves_free_slots), 0);
    OK(filch_runtime_destroy(rt));
}

Test(excess_slots, moved_slots_keep_their_task_names)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(rt, joins_by_function), 0);
    OK(filch_runtime_destroy(rt));
}
