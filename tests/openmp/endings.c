/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Groups, barriers and regions end when all of their tasks have ended, and not later. */
#include "traps.h"

#include <omp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20, CANCELLED = 20000, CHILDREN = 200, PRODUCED = 30000 };

static int get(const int *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void set(int *word)
{
    __atomic_store_n(word, 1, __ATOMIC_RELEASE);
}

/* A task of the group waits for an older one that is outside. */
static bool group_of_dependent_task(void)
{
    int early = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        int x = 0, done = 0;
#pragma omp task depend(out : x) shared(x)
        {
            usleep(1000);
            x = 1;
        }
#pragma omp taskgroup
        {
#pragma omp task depend(in : x) shared(x, done)
            if (x == 1)
                set(&done);
        }
        early += !get(&done);
#pragma omp taskwait
    }
    return early == 0;
}

/* ---- Events that a foreign thread fulfils ---- */

static int fulfilled;

static void *fulfil_late(void *event)
{
    usleep(50000);
    set(&fulfilled);
    omp_fulfill_event((omp_event_handle_t)(uintptr_t)event);
    return NULL;
}

static void start_fulfilling(pthread_t *thread, omp_event_handle_t event)
{
    if (pthread_create(thread, NULL, fulfil_late, (void *)(uintptr_t)event))
        abort();
}

static bool region_of_detached_task(void)
{
    pthread_t thread;
#pragma omp parallel
#pragma omp master
    {
        omp_event_handle_t event;
#pragma omp task detach(event) shared(thread)
        start_fulfilling(&thread, event);
    }
    bool right = get(&fulfilled);
    pthread_join(thread, NULL);
    return right;
}

/* Nothing is printed meanwhile: traps.sh looks. */
static bool taskwait_of_detached_task(void)
{
    pthread_t thread;
    bool right = false;
#pragma omp parallel
#pragma omp master
    {
        omp_event_handle_t event;
#pragma omp task detach(event) shared(thread)
        start_fulfilling(&thread, event);
#pragma omp taskwait
        right = get(&fulfilled);
    }
    pthread_join(thread, NULL);
    return right;
}

/* ---- Cancellation ---- */

/* One thread cancels the region while others come to a barrier: as often as 10 s allow, since a region takes
 * milliseconds where threads outnumber idle processors. */
static bool cancelled_barrier(void)
{
    if (!omp_get_cancellation())
        return false;
    const double end = omp_get_wtime() + 10;
    for (int i = 0; i < CANCELLED && omp_get_wtime() < end; i++)
#pragma omp parallel
        if (omp_get_thread_num() == (i & 1)) {
            for (volatile int k = 0; k < (i >> 1) % 64; k++)
                ;
#pragma omp cancel parallel
        } else {
            for (volatile int k = 0; k < (i >> 7) % 64; k++)
                ;
#pragma omp barrier
        }
    return true;
}

/* The next loop is another one. */
static bool cancelled_loop_of_one(void)
{
    int first = 0, second = 0;
#pragma omp parallel num_threads(1)
    {
#pragma omp for
        for (int i = 0; i < CHILDREN; i++) {
            first++;
#pragma omp cancel for
        }
#pragma omp for
        for (int i = 0; i < CHILDREN; i++) {
            second++;
#pragma omp cancellation point for
        }
    }
    return first == 1 && second == CHILDREN;
}

/* A thread never goes back in a monotonic loop. */
static bool monotonic_loop(void)
{
    int back = 0;
    for (int round = 0; round < ROUNDS; round++)
#pragma omp parallel reduction(+ : back)
    {
        int last = -1;
#pragma omp for schedule(monotonic : dynamic, 1)
        for (int i = 0; i < 10 * CHILDREN; i++) {
            back += i < last;
            last = i;
            for (volatile int k = 0; i < 20 && k < 20000; k++)
                ;
        }
    }
    return back == 0;
}

/* ---- Inheritance, limits, and tasks that one thread creates ---- */

/* A task has the settings of its parent, also on another thread with others. */
static bool settings_of_tasks(void)
{
    int wrong = 0;
#pragma omp parallel
    {
        if (omp_get_thread_num() > 0)
            omp_set_num_threads(7);
#pragma omp barrier
#pragma omp single
        {
#pragma omp task shared(wrong)
            {
                omp_set_num_threads(5);
                for (int i = 0; i < CHILDREN; i++) {
#pragma omp task shared(wrong)
                    {
                        usleep(50);
                        if (omp_get_max_threads() != 5)
#pragma omp atomic
                            wrong++;
                    }
                }
            }
        }
    }
    return wrong == 0;
}

/* The idle team of one thread does not take another's threads. */
static bool limit_of_idle_teams(void)
{
    int sizes[2] = {0};
    omp_set_max_active_levels(2);
#pragma omp parallel num_threads(2)
    for (int turn = 0; turn < 2; turn++) {
        if (omp_get_thread_num() == turn) {
#pragma omp parallel num_threads(3)
#pragma omp single
            sizes[turn] = omp_get_num_threads();
        }
#pragma omp barrier
    }
    return omp_get_thread_limit() != 4 || (sizes[0] == 3 && sizes[1] == 3);
}

/* Others run tasks to the end, however many one thread creates. */
static bool long_production(void)
{
    int others = 0, size = 1;
#pragma omp parallel
#pragma omp single
    {
        int own = omp_get_thread_num();
        size = omp_get_num_threads();
        for (int i = 0; i < PRODUCED; i++) {
#pragma omp task shared(others) firstprivate(i)
            {
                usleep(20);
                if (i > PRODUCED / 2 && omp_get_thread_num() != own)
#pragma omp atomic
                    others++;
            }
        }
    }
    return size == 1 || others > PRODUCED / 20;
}

static bool fork_in_serial_region(void)
{
    pid_t child = 0;
    int status = 1;
#pragma omp parallel num_threads(1)
    child = fork();
    if (child == 0)
        _exit(0);
    return waitpid(child, &status, 0) == child && status == 0;
}

static const trap traps[] = {
    {"group_of_dependent_task", group_of_dependent_task},
    {"region_of_detached_task", region_of_detached_task},
    {"taskwait_of_detached_task", taskwait_of_detached_task},
    {"cancelled_barrier", cancelled_barrier},
    {"cancelled_loop_of_one", cancelled_loop_of_one},
    {"monotonic_loop", monotonic_loop},
    {"settings_of_tasks", settings_of_tasks},
    {"limit_of_idle_teams", limit_of_idle_teams},
    {"long_production", long_production},
    {"fork_in_serial_region", fork_in_serial_region},
};

int main(int argc, char **argv)
{
    return run_traps(traps, sizeof traps / sizeof traps[0], argc, argv);
}
