/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <criterion/criterion.h>
#include <runtime/core/fiber.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX = 16, STACK = 64 * 1024 };

static fl_fibers fibers;

static void never_entered(void *unused)
{
    (void)unused;
    abort();
}

static void lay_out(void)
{
    cr_assert_eq(fl_fibers_init(&fibers, 1, MAX, STACK, false), 0);
}

static void clear(void)
{
    fl_fibers_clear(&fibers);
}

TestSuite(fiber, .init = lay_out, .fini = clear);

static fl_fiber *get(void)
{
    return fl_fibers_get(&fibers, never_entered);
}

Test(fiber, the_cap_is_kept_and_told)
{
    for (unsigned i = 0; i < MAX; i++) {
        cr_assert_not_null(get());
        cr_assert_eq(fl_fibers_count(&fibers), i + 1);
        cr_assert_eq(filch_u32_load(&fibers.capped, FILCH_RELAXED), 0);
    }
    cr_assert_null(get());
    cr_assert_eq(filch_u32_load(&fibers.capped, FILCH_RELAXED), 1);
    cr_assert_eq(fl_fibers_count(&fibers), MAX);
}

Test(fiber, what_was_put_back_is_had_again)
{
    fl_fiber *all[MAX];
    for (unsigned i = 0; i < MAX; i++)
        all[i] = get();
    fl_fibers_put(&fibers, all[3]);
    fl_fibers_put(&fibers, all[7]);
    cr_assert_eq(get(), all[7], "the one whose pages are warm");
    cr_assert_eq(get(), all[3]);
    cr_assert_null(get());
}

Test(fiber, fork_stacks_and_stacks_are_each_fibers_own)
{
    fl_fiber *all[MAX];
    for (unsigned i = 0; i < MAX; i++) {
        all[i] = get();
        cr_assert_eq((uintptr_t)all[i] % FILCH_REGION_SIZE, 0);
        cr_assert_eq(fl_fiber_of(fl_first_slot(&all[i]->stack)), all[i]);
        cr_assert_eq(fl_fiber_of(fl_last_slot(&all[i]->stack)), all[i]);
        memset(fl_first_slot(&all[i]->stack), 0, FL_SLOTS * sizeof(filch_slot));
        memset((char *)(uintptr_t)all[i]->shadow.low, (int)i, 4096);
        memset((char *)(uintptr_t)all[i]->shadow.low + STACK / 2, (int)i, 4096);
    }
    for (unsigned i = 0; i < MAX; i++) {
        const char *low = all[i]->shadow.low;
        cr_assert_eq(all[i]->shadow.size, STACK);
        cr_assert_eq(low[0], (char)i);
        cr_assert_eq(low[STACK / 2], (char)i);
        cr_assert_not(fl_forkstack_offers(&all[i]->stack));
    }
}

Test(fiber, the_guard_is_what_lies_just_below_the_stack)
{
    fl_fiber *one = get(), *two = get();
    const char *low = one->shadow.low;
    cr_assert_not(fl_fiber_guards(one, low));
    cr_assert(fl_fiber_guards(one, low - 1));
    cr_assert(fl_fiber_guards(one, low - 4096));
    cr_assert_not(fl_fiber_guards(two, low - 1));
    cr_assert_not(fl_fiber_guards(one, low + STACK));
    cr_assert_not(fl_fiber_guards(one, NULL));
}

Test(fiber, trimming_gives_back_pages_and_keeps_what_the_protocol_needs)
{
    long page = sysconf(_SC_PAGESIZE);
    fl_fiber *fiber = get();
    uint64_t top = filch_u64_add(&fiber->stack.front.top, 5, FILCH_RELAXED) + 5;
    filch_slot *far = fl_slot_at(&fiber->stack, (uint64_t)page / sizeof(filch_slot));
    char *low = (char *)(uintptr_t)fiber->shadow.low;
    far->args[0] = 1;
    low[0] = 1;
    fl_fibers_put(&fibers, fiber);
    fl_fibers_trim(&fibers, 1);
    cr_assert_eq(far->args[0], 1, "one may stay as it is");
    fl_fibers_trim(&fibers, 0);
    cr_assert_eq(far->args[0], 0);
    cr_assert_eq(low[0], 0);
    cr_assert_eq(filch_u64_load(&fiber->stack.front.top, FILCH_RELAXED), top);
    cr_assert_eq(fibers.dirty, 0);
    cr_assert_eq(get(), fiber);
}

Test(fiber, out_of_line_runtimes_get_out_of_line_fibers)
{
    fl_fibers others;
    cr_assert_eq(fl_fibers_init(&others, 2, 2, STACK, FL_SIDE_FENCED), 0);
    fl_fiber *fiber = fl_fibers_get(&others, never_entered);
    cr_assert_null(filch_ptr_load(&fiber->stack.front.limit, FILCH_RELAXED));
    cr_assert(filch_u64_load(&fiber->stack.front.top, FILCH_RELAXED) & FL_TOP_ASKED);
    fl_fibers_clear(&others);
}
