/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Idle modes: workers that sleep park, workers that stay awake never do, and nothing else
 * differs. */
#include <runtime/engine/find_work.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static const char *const awake[] = {"spin", "yield"};
enum { MODES = 2, RUNTIMES = MODE_SIZES * FIB_QUEUES - 1, JOBS = 60 };

static filch_runtime *runtime_with(const char *idle, unsigned workers, const char *queue)
{
    return mode_runtime((filch_config){.idle = idle, .workers = workers, .queue = queue});
}

static void expect_awake(const filch_runtime *rt)
{
    filch_runtime_stats stats = mode_stats(rt);
    cr_assert_eq(stats.parks, 0);
    cr_assert_eq(stats.wakes, 0);
    cr_assert_eq(fl_idle_resting(fl_idle_look((fl_idle *)(uintptr_t)&rt->idle)), 0);
}

/* On each queue; 64 workers, which yield in both modes, on one. */
static void for_all(void (*what)(filch_runtime *rt))
{
    for (unsigned mode = 0; mode < MODES; mode++)
        for (unsigned i = 0; i < RUNTIMES; i++) {
            filch_runtime *rt = runtime_with(awake[mode], config_workers[i / FIB_QUEUES],
                                             fib_queues[i % FIB_QUEUES]);
            what(rt);
            OK(filch_runtime_destroy(rt));
        }
}

static void computes(filch_runtime *rt)
{
    cr_assert_eq(FILCH_RUN(rt, fib, 14), serial_fib(14));
    expect_awake(rt);
}

Test(idle_modes, awake_workers_never_park_or_unpark)
{
    for_all(computes);
}

Test(idle_modes, who_sleeps_parks)
{
    filch_runtime *rt = runtime_with("sleep", 2, NULL);
    cr_assert_eq(FILCH_RUN(rt, fib, 16), serial_fib(16));
    WAIT_WHILE(fl_idle_resting(fl_idle_look(&rt->idle)) < 2);
    cr_assert_geq(mode_stats(rt).parks, 2);
    filch_runtime_destroy(rt);
}

/* ---- The end ---- */

static signpost done;

static void count(filch_self self, void *arg)
{
    signpost_raise(&done);
}

static void start_another(filch_self self, void *arg)
{
    filch_go(NULL, count, arg);
    signpost_raise(&done);
}

static void leaves_behind(filch_runtime *rt)
{
    for (int i = 0; i < JOBS; i++)
        OK(filch_go(rt, i % 2 ? count : start_another, NULL));
}

Test(idle_modes, destroy_waits_for_all_submissions)
{
    for_all(leaves_behind);
    cr_assert_eq(signpost_count(&done), MODES * RUNTIMES * (JOBS + JOBS / 2));
}

static void does_nothing(filch_runtime *rt)
{
    expect_awake(rt);
}

Test(idle_modes, unused_runtime_ends)
{
    for_all(does_nothing);
}

/* ---- What sleepers do besides ---- */

FILCH_TASK(int, talks, (filch_channel *, in), (filch_channel *, out), (int, turns))
{
    int sum = 0, value;
    for (int i = 0; i < turns; i++) {
        filch_channel_send(out, &i);
        if (filch_channel_receive(in, &value))
            return -1;
        sum += value;
    }
    return sum;
}

static filch_channel *channel(void)
{
    filch_channel *channel;
    OK(filch_channel_create(&channel, sizeof(int), 0));
    return channel;
}

FILCH_TASK(int, echoes, (filch_channel *, in), (filch_channel *, out), (int, turns))
{
    for (int value, i = 0; i < turns; i++) {
        if (filch_channel_receive(in, &value))
            return -1;
        filch_channel_send(out, &value);
    }
    return 0;
}

FILCH_TASK(int, talk, (filch_channel *, to), (filch_channel *, back), (int, turns))
{
    FILCH_FORK(echoes, to, back, turns);
    int sum = talks(self, back, to, turns);
    FILCH_JOIN(int rc, echoes);
    return rc ? rc : sum;
}

static void talks_across(filch_runtime *rt)
{
    enum { TURNS = 20 };
    filch_channel *to = channel(), *back = channel();
    cr_assert_eq(FILCH_RUN(rt, talk, to, back, TURNS), TURNS * (TURNS - 1) / 2);
    OK(filch_sleep(1000));
    expect_awake(rt);
    filch_channel_destroy(to);
    filch_channel_destroy(back);
}

Test(idle_modes, tasks_wait_for_each_other)
{
    for_all(talks_across);
}

Test(idle_modes, ready_work_ends_profit_nap)
{
    enum { HOURS = 1000 };
    static fl_runtime rt = {.settings.idle = FL_IDLE_SPIN};
    static fl_worker worker = {.rt = &rt};
    const int64_t nap = HOURS * 3600 * FILCH_SECOND;
    fl_work_item work_item = {.kind = FL_WORK_ITEM_FIBER};
    fl_inbox_init(&rt.inbox);
    fl_inbox_put(&rt.inbox, &work_item);
    cr_assert(fl_stay_awake(&worker, nap), "it lies in the inbox");
    cr_assert_eq(fl_inbox_take(&rt.inbox, (fl_work_item *[]){NULL}, 1), 1);
    cr_assert(fl_stay_awake(&worker, 1), "it is over");
    filch_u32_store(&rt.stopping, 1, FILCH_SEQ_CST);
    cr_assert_not(fl_stay_awake(&worker, nap), "the runtime ends");
}

FILCH_TASK(int, worker_of, (int, unused))
{
    return filch_worker_index();
}

Test(idle_modes, surplus_workers_retire_and_return)
{
    for (unsigned mode = 0; mode < MODES; mode++) {
        filch_runtime *rt = runtime_with(awake[mode], 4, NULL);
        OK(filch_runtime_resize(rt, 1));
        WAIT_WHILE(fl_idle_resting(fl_idle_look(&rt->idle)) < 3);
        cr_assert_eq(fl_idle_sleepers(fl_idle_look(&rt->idle)), 0);
        cr_assert_eq(FILCH_RUN(rt, worker_of, 0), 0);
        OK(filch_runtime_resize(rt, 4));
        WAIT_WHILE(fl_idle_resting(fl_idle_look(&rt->idle)) > 0);
        cr_assert_eq(FILCH_RUN(rt, fib, 16), serial_fib(16));
        OK(filch_runtime_destroy(rt));
    }
}

Test(idle_modes, the_mode_is_described)
{
    mode_is_described(runtime_with("yield", 1, NULL), "idle         yield: ");
}
