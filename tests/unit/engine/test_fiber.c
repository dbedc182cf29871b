/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: memcheck; label processor in emulated */
#include <runtime/engine/fiber.h>

#include <runtime/engine/observe/waiting_list.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/lock.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>
#include <unistd.h>
#include <urcu-bp.h>

enum { MAX = 16, STACK = 64 * 1024, KEEP = 2 };

static fl_fibers fibers;

static void never_entered(void *unused)
{
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

Test(fiber, the_cap_holds_and_is_reported)
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

static void get_all(fl_fiber *all[MAX]);

/* Workers may keep fibers back again once more than enough were idle for a second. */
Test(fiber, cap_is_forgotten_after_idle_second)
{
    fl_fiber *all[MAX];
    get_all(all);
    cr_assert_null(get());
    for (unsigned i = 0; i < MAX; i++)
        fl_fibers_put(&fibers, all[i]);
    int64_t next = fl_fibers_decay(&fibers, KEEP, 1);
    cr_assert_gt(next, 1);
    cr_assert_eq(filch_u32_load(&fibers.capped, FILCH_RELAXED), 1);
    fl_fibers_decay(&fibers, KEEP, next);
    cr_assert_eq(filch_u32_load(&fibers.capped, FILCH_RELAXED), 0);
}

Test(fiber, small_runtimes_never_keep_spare_fibers)
{
    fl_fibers few;
    cr_assert_eq(fl_fibers_init(&few, 2, MAX, STACK, false), 0);
    fl_fiber *one = fl_fibers_get(&few, never_entered), *two = fl_fibers_get(&few, never_entered);
    fl_fibers_put(&few, one);
    fl_fibers_put(&few, two);
    fl_fibers_decay(&few, 0, fl_fibers_decay(&few, 0, 1));
    cr_assert_eq(filch_u32_load(&few.capped, FILCH_RELAXED), 1);
    fl_fibers_clear(&few);
}

static void get_all(fl_fiber *all[MAX])
{
    for (unsigned i = 0; i < MAX; i++)
        all[i] = get();
}

Test(fiber, oldest_arena_gives_warmest_fiber_first)
{
    fl_fiber *all[MAX];
    get_all(all);
    cr_assert_eq(all[1]->arena, all[2]->arena);
    cr_assert_lt(all[2]->arena->number, all[7]->arena->number);
    fl_fibers_put(&fibers, all[1]);
    fl_fibers_put(&fibers, all[2]);
    fl_fibers_put(&fibers, all[7]);
    cr_assert_eq(get(), all[2]);
    cr_assert_eq(get(), all[1]);
    cr_assert_eq(get(), all[7]);
    cr_assert_null(get());
}

Test(fiber, unit_orders_guard_stack_fork_stack)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    static const size_t stacks[] = {16 << 10, 64 << 10, 256 << 10, 512 << 10, 1 << 20, 8 << 20};
    for (unsigned i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        fl_layout layout = fl_layout_for(stacks[i]);
        cr_assert_eq(layout.unit % FILCH_REGION_SIZE, 0);
        cr_assert_geq(layout.guard, 128 << 10);
        cr_assert_eq(layout.guard % page, 0);
        cr_assert_eq(layout.guard + stacks[i], layout.header_at / page * page);
        cr_assert_eq((layout.header_at + FL_FORKSTACK_SIZE + page - 1) / page * page, layout.unit);
    }
    const fl_fiber *one = get();
    cr_assert_eq((const char *)one->shadow.low + one->shadow.size, (const char *)one,
                 "the C stack ends at the header");
#ifndef FILCH_TINY
    cr_assert_eq(fl_layout_for(256 << 10).unit, FILCH_REGION_SIZE, "two fibers a page table");
    cr_assert_eq(fl_layout_for(256 << 10).guard, 128 << 10);
#endif
}

Test(fiber, each_fiber_owns_its_stacks)
{
    fl_fiber *all[MAX];
    for (unsigned i = 0; i < MAX; i++) {
        all[i] = get();
        cr_assert_eq((uintptr_t)all[i] % FILCH_REGION_SIZE, FILCH_HEADER_AT);
        cr_assert_eq(fl_fiber_of(fl_first_slot(&all[i]->stack)), all[i]);
        cr_assert_eq(fl_fiber_of(fl_last_slot(&all[i]->stack)), all[i]);
        memset(fl_first_slot(&all[i]->stack), 0, FL_SLOTS * sizeof(filch_slot));
        memset((char *)(uintptr_t)all[i]->shadow.low, (int)i, 4096);
        memset((char *)(uintptr_t)all[i]->shadow.low + STACK / 2, (int)i, 4096);
    }
    for (unsigned i = 0; i < MAX; i++) {
        const char *low = all[i]->shadow.low;
        cr_assert_eq(all[i]->shadow.size, STACK + FILCH_HEADER_AT);
        cr_assert_eq(low[0], (char)i);
        cr_assert_eq(low[STACK / 2], (char)i);
        cr_assert_not(fl_forkstack_offers(&all[i]->stack));
    }
}

Test(fiber, guard_lies_just_below_stack)
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

enum { START = 1000 }; /* ns */

Test(fiber, decayed_fiber_keeps_protocol_state)
{
    long page = sysconf(_SC_PAGESIZE);
    get();
    const fl_fiber *neighbour = get(); /* keeps its arena from being replaced */
    fl_fiber *fiber = get();
    uint64_t top = filch_u64_add(&fiber->stack.front.top, 5, FILCH_RELAXED) + 5;
    filch_slot *far = fl_first_slot(&fiber->stack) + (size_t)page / sizeof(filch_slot);
    char *low = (char *)(uintptr_t)fiber->shadow.low;
    far->args[0] = 1;
    low[0] = 1;
    fl_fibers_put(&fibers, fiber);
    cr_assert_eq(fl_fibers_decay(&fibers, 1, START), 0, "one may stay as it is");
    cr_assert_eq(far->args[0], 1);
    int64_t next = fl_fibers_decay(&fibers, 0, START);
    cr_assert_gt(next, START);
    cr_assert_eq(fl_fibers_decay(&fibers, 0, next - 1), next, "not before its time");
    cr_assert_eq(far->args[0], 1);
    cr_assert_eq(fl_fibers_decay(&fibers, 0, next), 0);
    cr_assert_eq(far->args[0], 0);
    cr_assert_eq(low[0], 0);
    cr_assert_eq(filch_u64_load(&fiber->stack.front.top, FILCH_RELAXED), top);
    cr_assert_eq(fibers.dirty, 0);
    cr_assert_eq(get(), fiber);
    cr_assert_eq(neighbour->arena, fiber->arena);
}

/* Puts all back and lets as much time pass as it takes. */
static void put_all_and_decay(fl_fiber *all[MAX])
{
    for (unsigned i = 0; i < MAX; i++)
        fl_fibers_put(&fibers, all[i]);
    int64_t next = fl_fibers_decay(&fibers, 0, START);
    cr_assert_eq(fl_fibers_decay(&fibers, 0, next), 0);
    urcu_bp_barrier();
}

Test(fiber, idle_arena_is_replaced_with_headers)
{
    fl_fiber *all[MAX];
    get_all(all);
    char *header = (char *)all[MAX - 1];
    put_all_and_decay(all);
    cr_assert_eq(fl_fibers_count(&fibers), 0);
    for (size_t i = 0; i < sizeof(fl_fiber); i++)
        cr_assert_eq(header[i], 0, "of byte %zu", i);
    get_all(all);
    cr_assert_eq(fl_fibers_count(&fibers), MAX);
    for (unsigned i = 0; i < MAX; i++)
        memset((char *)(uintptr_t)all[i]->shadow.low, 1, STACK);
    cr_assert_null(get());
}

Test(fiber, recently_used_fibers_survive_decay)
{
    fl_fiber *all[MAX];
    get_all(all);
    for (unsigned i = 0; i < MAX; i++)
        fl_fibers_put(&fibers, all[i]);
    int64_t next = fl_fibers_decay(&fibers, 0, START);
    for (unsigned i = 0; i < MAX / 2; i++)
        all[i] = get();
    for (unsigned i = 0; i < MAX / 2; i++)
        fl_fibers_put(&fibers, all[i]);
    next = fl_fibers_decay(&fibers, 0, next);
    cr_assert_gt(next, START, "half were in use in between");
    cr_assert_geq(fibers.dirty, MAX / 2);
    cr_assert_lt(fibers.dirty, MAX);
    cr_assert_eq(fl_fibers_decay(&fibers, 0, next), 0);
    urcu_bp_barrier();
    cr_assert_eq(fl_fibers_count(&fibers), 0);
}

Test(fiber, outline_runtimes_get_outline_fibers)
{
    fl_fibers others;
    cr_assert_eq(fl_fibers_init(&others, 2, 2, STACK, FL_SIDE_FENCED), 0);
    fl_fiber *fiber = fl_fibers_get(&others, never_entered);
    cr_assert_null(filch_ptr_load(&fiber->stack.front.limit, FILCH_RELAXED));
    cr_assert(filch_u64_load(&fiber->stack.front.top, FILCH_RELAXED) & FL_TOP_ASKED);
    fl_fibers_clear(&others);
}

/* Fibers that go on: those that changed their worker are counted, and none goes on while a report reads it. */

/* ---- Migrations ---- */

FILCH_VOID_TASK(migrates, (bool, far))
{
    const fl_worker *here = fl_worker_here();
    for (int i = 0; i < 10; i++)
        filch_yield(self);
    while (far && fl_worker_here() == here)
        filch_yield(self);
}

Test(fiber_switch, resume_on_other_worker_counts_migration)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt = stats_runtime(workers, NULL, NULL);
        FILCH_RUN(rt, migrates, workers > 1);
        cr_expect_eq(stats_now(rt, FILCH_ALL_WORKERS).migrations > 0, workers > 1, "%u", workers);
        stats_end(rt);
    }
}

/* ---- Reports ---- */

static struct {
    filch_runtime *rt;
    filch_channel *channel;
    signpost about_to_wait, went_on;
    unsigned seen;
} test;

static void waits(filch_self self, void *unused)
{
    int item = 0;
    signpost_raise(&test.about_to_wait);
    filch_channel_receive(test.channel, &item);
    signpost_raise(&test.went_on);
}

/* Lets the fiber go on, and returns when that waits for the end of the report. Its worker sleeps before, since a report holds
 * the lock of the fibers. */
static void see(const fl_fiber *fiber, const char *call, void *unused)
{
    test.seen++;
    OK(filch_channel_send(test.channel, &(int){1}));
    WAIT_WHILE(filch_u32_load(&test.rt->report.lock, FILCH_ACQUIRE) != FL_LOCK_WAITED_FOR);
    cr_assert_eq(signpost_count(&test.went_on), 0);
}

Test(fiber_switch, fiber_continues_after_report_reads_it)
{
    test.rt = stats_runtime(1, NULL, NULL);
    OK(filch_channel_create(&test.channel, sizeof(int), 1));
    OK(filch_go(test.rt, waits, NULL));
    signpost_wait(&test.about_to_wait, 1);
    WAIT_WHILE(filch_u32_load(&test.rt->worker[0]->park_word, FILCH_ACQUIRE) != FL_PARK_PARKED);
    fl_waits_each(test.rt, see, NULL);
    cr_assert_eq(test.seen, 1);
    signpost_wait(&test.went_on, 1);
    stats_end(test.rt);
    filch_channel_destroy(test.channel);
}
