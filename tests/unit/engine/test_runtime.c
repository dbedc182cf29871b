/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: memcheck */
#include <pthread.h>

#include <runtime/engine/runtime.h>
#include <sched.h>
#include <sched/victims/policy.h>
#include <stdio.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { MOST = 8 };

static filch_runtime *runtime(unsigned workers, const char *queue, const char *bind)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .queue = queue, .bind = bind, .guest = "0"};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

/* One visit per worker at the same time: each keeps its worker until all have come. */
static signpost arrived;
static struct visit {
    cpu_set_t mask;
    char name[16];
    int cpu;
    unsigned visits;
} visits[MOST];

FILCH_VOID_TASK(visit, (unsigned, all))
{
    struct visit *here = &visits[filch_worker_index()];
    here->visits++;
    here->cpu = sched_getcpu();
    sched_getaffinity(0, sizeof here->mask, &here->mask);
    pthread_getname_np(pthread_self(), here->name, sizeof here->name);
    signpost_raise(&arrived);
    signpost_wait(&arrived, all);
}

FILCH_VOID_TASK(visit_everybody, (unsigned, workers))
{
    for (unsigned i = 1; i < workers; i++)
        FILCH_FORK(visit, workers);
    visit(self, workers);
    for (unsigned i = 1; i < workers; i++)
        FILCH_JOIN_VOID(visit);
}

static void visit_all(filch_runtime *rt)
{
    memset(visits, 0, sizeof visits);
    filch_u32_store(&arrived, 0, FILCH_RELEASE);
    FILCH_RUN(rt, visit_everybody, filch_runtime_workers(rt));
}

Test(runtime, every_worker_works_and_is_named)
{
    static const char *const queues[] = {"chase-lev", "central-mutex"};
    for (unsigned q = 0; q < 2; q++)
        for (unsigned workers = 1; workers <= MOST; workers++) {
            filch_runtime *rt = runtime(workers, queues[q], NULL);
            cr_assert_eq(filch_runtime_workers(rt), workers);
            visit_all(rt);
            for (unsigned i = 0; i < workers; i++) {
                char name[16];
                snprintf(name, sizeof name, "filch/%u", i);
                cr_assert_eq(visits[i].visits, 1);
                cr_assert_str_eq(visits[i].name, name);
            }
            OK(filch_runtime_destroy(rt));
        }
}

Test(runtime, workers_are_pinned_to_distinct_cpus)
{
    cpu_set_t ours, taken;
    CPU_ZERO(&taken);
    cr_assert_eq(sched_getaffinity(0, sizeof ours, &ours), 0);
    filch_runtime *rt = runtime(0, NULL, "core");
    unsigned workers = filch_runtime_workers(rt);
    if (workers > MOST) {
        filch_runtime_destroy(rt);
        rt = runtime(workers = MOST, NULL, "core");
    }
    visit_all(rt);
    for (unsigned i = 0; i < workers; i++) {
        cr_assert_eq(CPU_COUNT(&visits[i].mask), 1);
        cr_assert(CPU_ISSET(visits[i].cpu, &visits[i].mask));
        cr_assert(CPU_ISSET(visits[i].cpu, &ours), "a CPU this process may use");
        cr_assert_not(CPU_ISSET(visits[i].cpu, &taken), "worker %u shares its CPU", i);
        CPU_SET(visits[i].cpu, &taken);
    }
    OK(filch_runtime_destroy(rt));
    cpu_set_t after;
    cr_assert_eq(sched_getaffinity(0, sizeof after, &after), 0);
    cr_assert(CPU_EQUAL(&ours, &after), "the caller's own mask is left alone");
}

Test(runtime, unbound_workers_inherit_caller_mask)
{
    cpu_set_t ours;
    cr_assert_eq(sched_getaffinity(0, sizeof ours, &ours), 0);
    filch_runtime *rt = runtime(3, NULL, "none");
    visit_all(rt);
    for (unsigned i = 0; i < 3; i++)
        cr_assert(CPU_EQUAL(&ours, &visits[i].mask));
    OK(filch_runtime_destroy(rt));
}

Test(runtime, foreign_threads_have_no_worker_index)
{
    cr_assert_eq(filch_worker_index(), -1);
    filch_runtime *rt = runtime(1, NULL, NULL);
    cr_assert_eq(filch_worker_index(), -1);
    OK(filch_runtime_destroy(rt));
}

Test(runtime, destroying_nothing_is_right)
{
    OK(filch_runtime_destroy(NULL));
}

FILCH_TASK(int, destroys_its_own, (filch_runtime *, rt))
{
    return filch_runtime_destroy(rt);
}

FILCH_TASK(int, creates_and_destroys, (long *, answer))
{
    filch_runtime *inner;
    int rc = filch_runtime_create(&inner, &(filch_config){.workers = 1});
    if (rc)
        return rc;
    *answer = FILCH_RUN(inner, fib, 15);
    return filch_runtime_destroy(inner);
}

Test(runtime, task_cannot_destroy_own_runtime)
{
    filch_runtime *rt = runtime(2, NULL, NULL);
    cr_assert_eq(FILCH_RUN(rt, destroys_its_own, rt), -EDEADLK);
    cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
    OK(filch_runtime_destroy(rt));
}

Test(runtime, task_creates_uses_destroys_other_runtime)
{
    long answer = 0;
    filch_runtime *rt = runtime(1, NULL, NULL);
    cr_assert_eq(FILCH_RUN(rt, creates_and_destroys, &answer), 0);
    cr_assert_eq(answer, 610);
    OK(filch_runtime_destroy(rt));
}

struct call {
    filch_runtime *rt;
    long answer;
};

static void *call_fib(void *arg)
{
    struct call *call = arg;
    call->answer = FILCH_RUN(call->rt, fib, 22);
    return NULL;
}

Test(runtime, several_runtimes_work_side_by_side)
{
    enum { RUNTIMES = 5 };
    struct call calls[RUNTIMES];
    pthread_t threads[RUNTIMES];
    for (unsigned i = 0; i < RUNTIMES; i++)
        calls[i] =
            (struct call){runtime(1 + i % 3, i % 2 ? "central-mutex" : "chase-lev", NULL), 0};
    for (unsigned i = 0; i < RUNTIMES; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, call_fib, &calls[i]), 0);
    for (unsigned i = 0; i < RUNTIMES; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(calls[i].answer, 17711);
        OK(filch_runtime_destroy(calls[i].rt));
    }
}

static signpost taken;

FILCH_VOID_TASK(held)
{
    signpost_raise(&taken);
}

FILCH_VOID_TASK(lets_itself_be_robbed, (unsigned, times))
{
    filch_u32_store(&taken, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < times; i++) {
        FILCH_FORK(held);
        signpost_wait(&taken, i + 1);
        FILCH_JOIN_VOID(held);
    }
}

Test(runtime, statistics_add_up)
{
    enum { TIMES = 50 };
    filch_runtime_stats stats;
    filch_runtime *rt = runtime(2, "chase-lev", NULL);
    FILCH_RUN(rt, lets_itself_be_robbed, TIMES);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_expect_eq(stats.gift_tasks + stats.robs, TIMES, "every task went to the other worker");
    cr_expect_leq(stats.gifts, stats.gift_tasks);
    cr_expect_geq(stats.asks, stats.gifts + stats.robs, "every gift was asked for");
    cr_expect_eq(stats.queue_takes, 0);
    cr_expect_eq(stats.outside, 1);
    cr_expect_geq(stats.fibers, 2);
    cr_expect_geq(stats.switches, 2);
    cr_expect_leq(stats.wakes, stats.parks);
    OK(filch_runtime_destroy(rt));

    rt = runtime(2, "central-mutex", NULL);
    FILCH_RUN(rt, lets_itself_be_robbed, TIMES);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_expect_eq(stats.queue_takes, TIMES);
    cr_expect_eq(stats.gifts + stats.robs + stats.asks, 0);
    OK(filch_runtime_destroy(rt));
}

Test(runtime, lone_worker_neither_steals_nor_fences)
{
    filch_runtime_stats stats;
    filch_runtime *rt = runtime(1, "chase-lev", NULL);
    cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_expect_eq(stats.gifts + stats.robs + stats.asks + stats.deque_steals, 0);
    cr_expect_eq(stats.heavy_fences, 0);
    cr_expect_eq(stats.migrations, 0);
    OK(filch_runtime_destroy(rt));
}

Test(runtime, older_caller_gets_truncated_statistics)
{
    filch_runtime_stats stats;
    memset(&stats, 0x5a, sizeof stats);
    filch_runtime *rt = runtime(1, NULL, NULL);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, offsetof(filch_runtime_stats, robs));
    cr_assert_eq(stats.gifts, 0);
    cr_assert_eq(stats.robs, UINT64_C(0x5a5a5a5a5a5a5a5a));
    OK(filch_runtime_destroy(rt));
}

Test(runtime, later_policy_replaces_first)
{
    filch_runtime *rt;
    const fl_policy *nearest;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1, .policy = "random"}));
    cr_assert_eq(fl_policy_find(&nearest, "nearest"), 0);
    cr_assert_neq(filch_ptr_load(&rt->policy, FILCH_ACQUIRE), nearest);
    OK(filch_runtime_set_policy(rt, "nearest"));
    cr_assert_eq(filch_ptr_load(&rt->policy, FILCH_ACQUIRE), nearest);
    OK(filch_runtime_destroy(rt));
}

/* A call without a runtime, from a thread that is not a task, is answered by an error that names
 * the call. In a task NULL means the task's own runtime. */

FILCH_TASK(int, same, (int, value))
{
    return value;
}

static void nothing(filch_self self, void *unused)
{
}

static int run(void)
{
    filch_slot slot;
    return filch_run(NULL, &same_task, &slot);
}

static int go(void)
{
    return filch_go(NULL, nothing, NULL);
}

static int resize(void)
{
    return filch_runtime_resize(NULL, 2);
}

static int set_policy(void)
{
    return filch_runtime_set_policy(NULL, "random");
}

static int scope(void)
{
    filch_scope scope;
    return filch_scope_begin(&scope, NULL, NULL);
}

static int count_workers(void)
{
    return filch_runtime_workers(NULL) ? 1 : -EINVAL;
}

static int count_slots(void)
{
    return filch_runtime_max_workers(NULL) ? 1 : -EINVAL;
}

static int stats(void)
{
    filch_runtime_stats all;
    memset(&all, 1, sizeof all);
    filch_runtime_stats_read(NULL, FILCH_ALL_WORKERS, &all, sizeof all);
    return all.fibers || all.jobs_run ? 1 : -EINVAL;
}

static int describe(void)
{
    char text[8] = "text";
    return filch_runtime_describe(NULL, text, sizeof text) || *text ? 1 : -EINVAL;
}

static const struct row {
    const char *call;
    int (*make)(void);
} rows[] = {
    {"filch_run", run},
    {"filch_go", go},
    {"filch_runtime_resize", resize},
    {"filch_runtime_set_policy", set_policy},
    {"filch_scope_begin", scope},
    {"filch_runtime_workers", count_workers},
    {"filch_runtime_max_workers", count_slots},
    {"filch_runtime_stats_read", stats},
    {"filch_runtime_describe", describe},
};

Test(null_runtime, each_call_names_itself)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        (void)filch_runtime_resize(NULL, 0); /* another call's sentence */
        cr_assert_eq(row->make(), -EINVAL, "%s", row->call);
        cr_assert_eq(strncmp(filch_error(), row->call, strlen(row->call)), 0, "%s: %s", row->call,
                     filch_error());
        cr_assert_not_null(strstr(filch_error(), "without a runtime"), "%s", filch_error());
    }
}

static void run_or_die(void)
{
    FILCH_RUN((filch_runtime *)NULL, same, 3);
}

Test(null_runtime, typed_run_without_runtime_dies)
{
    struct child child;
    child_run(&child, run_or_die);
    cr_assert(child_died(&child, "filch_run without a runtime"), "0x%x: %s", child.status,
              child.text);
}

FILCH_TASK(unsigned, own_workers)
{
    return filch_runtime_workers(NULL) + filch_runtime_max_workers(NULL);
}

Test(null_runtime, null_means_own_runtime_in_task)
{
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    cr_assert_eq(FILCH_RUN(rt, own_workers), 4);
    OK(filch_runtime_destroy(rt));
}
