/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads and programs that tasks start are not bound to the worker's core: runtimes, children of
 * fork(), threads for blocking calls, and, by filch_unpinned, threads and programs. On a machine of
 * one CPU there is nothing to tell apart. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static cpu_set_t ours; /* the creator's mask */

static void remember(void)
{
    cr_assert_eq(sched_getaffinity(0, sizeof ours, &ours), 0);
}
TestSuite(inherit, .init = remember);

static cpu_set_t mask(void)
{
    cpu_set_t now;
    CPU_ZERO(&now);
    if (sched_getaffinity(0, sizeof now, &now))
        filch_die("no affinity mask");
    return now;
}

static bool home(void)
{
    cpu_set_t now = mask();
    return CPU_EQUAL(&now, &ours);
}

static bool bound(void)
{
    cpu_set_t now = mask();
    return CPU_COUNT(&now) == 1;
}

static filch_runtime *bound_runtime(unsigned workers)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &(filch_config){.workers = workers, .bind = "core"}))
        filch_die("%s", filch_error());
    return rt;
}

/* Runs a task on a pinned worker, which is pinned afterwards, too. */
static bool is_true;
static void run_bound(unsigned workers, filch_go_fn *task)
{
    is_true = false;
    filch_runtime *rt = bound_runtime(workers);
    OK(filch_go(rt, task, NULL));
    OK(filch_runtime_destroy(rt));
    cr_assert(is_true);
    cr_assert(home(), "the creator's own mask is left alone");
}

/* ---- filch_unpinned ---- */

static void *look(void *out)
{
    *(bool *)out = home();
    return NULL;
}

static void start_thread(void *out)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, look, out) || pthread_join(thread, NULL))
        filch_die("no thread");
}

static void threads(filch_self self, void *unused)
{
    bool before = bound(), wide = false;
    int rc = filch_unpinned(start_thread, &wide);
    is_true = before && !rc && wide && bound();
}

Test(inherit, unpinned_thread_inherits_creator_mask)
{
    static const unsigned counts[] = {1, 2, 8};
    for (unsigned i = 0; i < 3; i++)
        run_bound(counts[i], threads);
}

static void run_program(void *status)
{
    char command[64];
    snprintf(command, sizeof command, "test $(nproc) -eq %d", CPU_COUNT(&ours));
    *(int *)status = system(command);
}

static void programs(filch_self self, void *unused)
{
    int status = -1;
    is_true = !filch_unpinned(run_program, &status) && status == 0 && bound();
}

Test(inherit, unpinned_program_inherits_creator_mask)
{
    unsetenv("OMP_NUM_THREADS"); /* nproc heeds it */
    run_bound(1, programs);
}

static void nest(void *out)
{
    bool inner = false;
    filch_unpinned(start_thread, &inner);
    *(bool *)out = inner && home();
}

static void nesting(filch_self self, void *unused)
{
    bool wide = false;
    is_true = !filch_unpinned(nest, &wide) && wide && bound();
}

Test(inherit, pairs_are_nested)
{
    run_bound(2, nesting);
}

Test(inherit, unpinned_outside_tasks_only_calls_function)
{
    bool wide = false;
    OK(filch_unpinned(start_thread, &wide));
    cr_assert(wide && home());
    cr_assert_eq(filch_unpinned(NULL, NULL), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "filch_unpinned"));
}

/* ---- Masks that others change ---- */

static int other_cpu(void)
{
    cpu_set_t now = mask();
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &ours) && !CPU_ISSET(cpu, &now))
            return cpu;
    return -1;
}

static void go_to(void *cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(*(int *)cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one))
        filch_die("no affinity");
}

static void count_cpus(void *out)
{
    cpu_set_t now = mask();
    *(int *)out = CPU_COUNT(&now);
}

static void moved(filch_self self, void *unused)
{
    int to = other_cpu(), inside = 0;
    go_to(&to);
    filch_unpinned(count_cpus, &inside);
    cpu_set_t now = mask();
    filch_runtime *rt;
    is_true = inside == 1 && CPU_ISSET(to, &now) && !filch_runtime_create(&rt, NULL) &&
              filch_runtime_workers(rt) == 1 && !filch_runtime_destroy(rt);
}

Test(inherit, externally_changed_mask_is_kept)
{
    if (CPU_COUNT(&ours) > 1)
        run_bound(1, moved);
}

static void moves_inside(filch_self self, void *unused)
{
    int to = other_cpu();
    filch_unpinned(go_to, &to);
    cpu_set_t now = mask();
    is_true = CPU_COUNT(&now) == 1 && CPU_ISSET(to, &now);
}

Test(inherit, mask_changed_inside_unpinned_is_kept)
{
    if (CPU_COUNT(&ours) > 1)
        run_bound(1, moves_inside);
}

/* ---- Leaving by other ways ---- */

#ifndef FILCH_TSAN
static filch_self suspends;

static void yield(void *unused)
{
    filch_yield(suspends);
}

static void wait_inside(filch_self self, void *unused)
{
    suspends = self;
    filch_unpinned(yield, NULL);
}

static void suspend_inside(void)
{
    filch_runtime *rt = bound_runtime(2);
    filch_go(rt, wait_inside, NULL);
    filch_runtime_destroy(rt);
}

Test(inherit, waiting_inside_unpinned_dies_naming_task)
{
    struct child child;
    child_run(&child, suspend_inside);
    cr_assert(child_died(&child, "task wait_inside waits inside filch_unpinned"), "%s", child.text);
}
#endif

static void panic(void *unused)
{
    filch_panic(__FILE__, __LINE__, -EIO, "inside");
}

static void panic_inside(filch_self self, void *unused)
{
    filch_unpinned(panic, NULL);
}

static void catches(filch_self self, void *unused)
{
    filch_failure failure;
    int rc = filch_try(self, panic_inside, NULL, &failure);
    bool back = bound();
    filch_yield(self);
    is_true = rc == -EIO && back;
}

Test(inherit, a_panic_binds_the_worker_again)
{
    run_bound(1, catches);
    run_bound(2, catches);
}

static bool still_home;

static void try_inside(void *self)
{
    filch_failure failure;
    filch_try(self, panic_inside, NULL, &failure);
    still_home = home();
}

static void goes_on(filch_self self, void *unused)
{
    is_true = !filch_unpinned(try_inside, self) && still_home && bound();
    filch_yield(self);
}

Test(inherit, caught_panic_does_not_end_unpinned)
{
    run_bound(1, goes_on);
    run_bound(2, goes_on);
}

/* ---- Without filch_unpinned ---- */

static unsigned default_workers;

static void runtimes(filch_self self, void *unused)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        filch_die("%s", filch_error());
    is_true = filch_runtime_workers(rt) == default_workers &&
              filch_pool_io_bound().workers == 2 * default_workers;
    filch_runtime_destroy(rt);
}

Test(inherit, nested_runtime_inherits_creator_mask)
{
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, NULL));
    default_workers = filch_runtime_workers(rt);
    OK(filch_runtime_destroy(rt));
    run_bound(1, runtimes);
}

static void look_there(filch_self self, void *out)
{
    *(bool *)out = home();
}

static void unbound_runtimes(filch_self self, void *unused)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &(filch_config){.workers = 1, .bind = "none"}))
        filch_die("%s", filch_error());
    filch_go(rt, look_there, &is_true);
    filch_runtime_destroy(rt);
}

Test(inherit, nested_unbound_worker_inherits_creator_mask)
{
    run_bound(1, unbound_runtimes);
}

#ifndef FILCH_TSAN
static void forks(filch_self self, void *unused)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(home() ? 0 : 1);
    is_true = waitpid(pid, &status, 0) == pid && status == 0 && bound();
}

Test(inherit, child_process_inherits_creator_mask)
{
    run_bound(1, forks);
    run_bound(2, forks);
}

static void fork_inside(void *status)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(home() ? 0 : 1);
    waitpid(pid, status, 0);
}

static void forks_inside(filch_self self, void *unused)
{
    int status = -1;
    is_true = !filch_unpinned(fork_inside, &status) && status == 0 && bound();
}

Test(inherit, child_process_from_unpinned_inherits_mask)
{
    run_bound(1, forks_inside);
}
#endif

static void look_blocking(void *out)
{
    *(bool *)out = home();
}

static void blocks(filch_self self, void *unused)
{
    bool called = false, carried = false;
    int rc = filch_blocking(look_blocking, &called);
    if (!rc)
        rc = filch_blocking_begin();
    if (!rc) {
        carried = home();
        filch_blocking_end();
    }
    is_true = !rc && called && carried && bound();
}

/* Its first thread's mask is another one. */
static void *be_the_creator(void *unused)
{
    int last = CPU_SETSIZE - 1;
    while (!CPU_ISSET(last, &ours))
        last--;
    go_to(&last);
    remember();
    run_bound(1, blocks);
    return unused;
}

Test(inherit, blocking_threads_inherit_creator_mask)
{
    run_bound(1, blocks);
    pthread_t creator;
    cr_assert_eq(pthread_create(&creator, NULL, be_the_creator, NULL), 0);
    pthread_join(creator, NULL);
}
