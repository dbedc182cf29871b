/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * The memory of fibers, while the system refuses to replace or to unmap it. */
#include <runtime/engine/fiber.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>
#include <urcu-bp.h>

enum { MAX = 16, STACK = 64 << 10 };

static fl_fibers fibers;

static void never_entered(void *unused)
{
    abort();
}

static unsigned mapped_guards(void)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < fibers.arenas; i++)
        sum += fibers.arena[i]->mapped;
    return sum;
}

static void get_all(fl_fiber *all[MAX])
{
    for (unsigned i = 0; i < MAX; i++) {
        all[i] = fl_fibers_get(&fibers, never_entered);
        cr_assert_not_null(all[i]);
        *(volatile char *)all[i]->shadow.low = 1; /* the stack is memory */
    }
}

/* All of them idle for long enough that their arenas are replaced, now. */
static void put_all(fl_fiber *all[MAX])
{
    for (unsigned i = 0; i < MAX; i++)
        fl_fibers_put(&fibers, all[i]);
    for (int64_t now = 1; now;)
        now = fl_fibers_decay(&fibers, 0, now);
    urcu_bp_barrier();
}

/* Mapped guards are counted against vm.max_map_count for all runtimes of the process. */
Test(refused_fibers, kept_arena_guards_are_counted_once)
{
    fl_fiber *all[MAX];
    refuse(ADVICE, 0, true); /* the other kind of guards */
    cr_assert_eq(fl_fibers_init(&fibers, 1, MAX, STACK, FL_SIDE_INLINE), 0);
    get_all(all);
    cr_assert_eq(mapped_guards(), MAX);
    refuse(SPACE, 0, true);
    put_all(all);
    cr_assert_gt(refuse_no_more(SPACE), 0);
    cr_assert_eq(mapped_guards(), 0);
    get_all(all);
    cr_assert_eq(mapped_guards(), MAX);
    put_all(all);
    cr_assert_eq(mapped_guards(), 0);
    refuse_no_more(ADVICE);
    fl_fibers_clear(&fibers);
}
