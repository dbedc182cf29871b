/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Programs that OpenMP libraries trip over. */
#include "traps.h"

#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY_TASKS = 10000000, MANY_DEPENDENCES = 100000, MANY_THREADS = 200 };

static __thread int local;

static long sum_of(int n)
{
    long sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 1; i <= n; i++)
        sum += i;
    return sum;
}

static long tree(int depth)
{
    long left = 0, right = 0;
    if (depth == 0)
        return 1;
#pragma omp task shared(left)
    left = tree(depth - 1);
#pragma omp task shared(right)
    right = tree(depth - 1);
#pragma omp taskwait
    return left + right;
}

static long run_tree(int depth)
{
    long leaves = 0;
#pragma omp parallel
#pragma omp single
    leaves = tree(depth);
    return leaves;
}

/* ---- Processes and threads ---- */

static bool works(void)
{
    return sum_of(1000) == 500500 && run_tree(10) == 1024;
}

/* A region in the child of fork(), after one in the parent. */
static bool fork_after_region(void)
{
    if (!works())
        return false;
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(works() ? 0 : 1);
    }
    int status = 1;
    return waitpid(child, &status, 0) == child && status == 0 && works();
}

static void *work_in_thread(void *unused)
{
    return works() ? unused : (void *)1;
}

/* Threads of the program lead teams of their own, one after another and at once. */
static bool leading_threads(void)
{
    pthread_t threads[8];
    for (int round = 0; round < MANY_THREADS / 8; round++) {
        for (int i = 0; i < 8; i++)
            if (pthread_create(&threads[i], NULL, work_in_thread, NULL))
                return false;
        for (int i = 0; i < 8; i++) {
            void *wrong = NULL;
            pthread_join(threads[i], &wrong);
            if (wrong)
                return false;
        }
    }
    return works();
}

static int in_proc(void)
{
    char line[128];
    int threads = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Threads: %d", &threads) == 1)
            break;
    if (file)
        fclose(file);
    return threads;
}

/* Beside the team's threads there are at most two, which sleep: liburcu's, and the timer thread. */
static bool threads_of_process(void)
{
    int team = 0, seen = 0;
#pragma omp parallel
#pragma omp single
    {
        team = omp_get_num_threads();
        seen = in_proc();
    }
    return seen >= team && seen <= team + 2;
}

/* The process ends while other threads spin, or run a task. */
static bool exit_in_region(void)
{
    if (!works())
        return false;
#pragma omp parallel
#pragma omp single
    {
#pragma omp task
        usleep(100000);
        exit(0);
    }
    return false;
}

static int before_main = -1;

__attribute__((constructor)) static void region_in_constructor(void)
{
    if (getenv("TRAPS_CONSTRUCTOR"))
        before_main = works();
}

static bool constructor(void)
{
    return before_main == 1 && works();
}

/* ---- Tasks ---- */

/* A task that waits goes on in its thread. */
static bool tied(void)
{
    long moved = 0;
#pragma omp parallel reduction(+ : moved)
    {
        local = omp_get_thread_num();
        int *here = &local;
#pragma omp barrier
        for (int i = 0; i < 200; i++) {
            int number = omp_get_thread_num();
#pragma omp task firstprivate(i) shared(moved)
            {
                int within = omp_get_thread_num();
                int *address = &local;
                long leaves = tree(4);
                if (leaves != 16 || within != omp_get_thread_num() || address != &local)
#pragma omp atomic
                    moved++;
            }
#pragma omp taskwait
            moved += number != omp_get_thread_num() || here != &local;
#pragma omp barrier
            moved += number != omp_get_thread_num() || here != &local;
        }
    }
    return moved == 0;
}

/* Memory is bounded, although one thread creates far more tasks than others run. */
static bool many_tasks(void)
{
    struct rusage usage;
    long done = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < MANY_TASKS; i++) {
#pragma omp task shared(done)
#pragma omp atomic
        done++;
    }
    getrusage(RUSAGE_SELF, &usage);
    return done == MANY_TASKS && usage.ru_maxrss < 200000;
}

static bool many_dependences(void)
{
    static long cells[64];
    long serial[64] = {0};
#pragma omp parallel
#pragma omp single
    for (long i = 0; i < MANY_DEPENDENCES; i++) {
        long to = i * 7 % 64, from = i * 13 % 64;
#pragma omp task depend(inout : cells[to]) depend(in : cells[from]) firstprivate(i, to, from)
        cells[to] = cells[to] * 3 + cells[from] + i;
    }
    for (long i = 0; i < MANY_DEPENDENCES; i++)
        serial[i * 7 % 64] = serial[i * 7 % 64] * 3 + serial[i * 13 % 64] + i;
    return memcmp(cells, serial, sizeof serial) == 0;
}

/* A deep chain of tasks with dependences needs no deep stack. */
static bool long_chain(void)
{
    long value = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < MANY_DEPENDENCES; i++) {
#pragma omp task depend(inout : value) shared(value)
        value++;
    }
    return value == MANY_DEPENDENCES;
}

/* More threads than CPUs, and regions of changing sizes and depths. */
static bool changing_teams(void)
{
    omp_set_max_active_levels(3);
    for (int i = 0; i < 60; i++) {
        long sum = 0;
#pragma omp parallel num_threads(i % 9 + 1) reduction(+ : sum)
        {
#pragma omp parallel num_threads(i % 3 + 1) reduction(+ : sum)
            sum += omp_get_level() == 2;
        }
        if (sum != (i % 9 + 1) * (i % 3 + 1))
            return false;
    }
    return true;
}

#ifndef __clang__
static void call(int (*fn)(int), int *result)
{
#pragma omp task shared(result)
    *result = fn(20);
#pragma omp taskwait
}

/* A nested function of gcc has its code on the stack of its caller. */
static int add_in_task(int base)
{
    int result = 0;
    int add(int n)
    {
        return n + base;
    }
    call(add, &result);
    return result;
}

static bool nested_function(void)
{
    int wrong = 0;
#pragma omp parallel num_threads(4) reduction(+ : wrong)
    wrong += add_in_task(omp_get_thread_num()) != 20 + omp_get_thread_num();
    return wrong == 0;
}
#endif

static const trap traps[] = {
    {"fork_after_region", fork_after_region},
    {"leading_threads", leading_threads},
    {"threads_of_process", threads_of_process},
    {"exit_in_region", exit_in_region},
    {"constructor", constructor},
    {"tied", tied},
    {"many_tasks", many_tasks},
    {"many_dependences", many_dependences},
    {"long_chain", long_chain},
    {"changing_teams", changing_teams},
#ifndef __clang__
    {"nested_function", nested_function},
#endif
};

int main(int argc, char **argv)
{
    return run_traps(traps, sizeof traps / sizeof traps[0], argc, argv);
}
