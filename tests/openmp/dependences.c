/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dependences order the tasks that they name, and no others. Where that is all they do, a case ends; otherwise
 * tasks wait for each other, and traps.sh ends it. Each case has a team of TEAM threads. */
#include "traps.h"

#include <omp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEAM = 4, ROUNDS = 30, EXCLUSIVE = 300, MANY = 100000 };

static int get(const int *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void set(int *word)
{
    __atomic_store_n(word, 1, __ATOMIC_RELEASE);
}

static void await(const int *word)
{
    while (!get(word))
        usleep(20);
}

/* Creates a child that another thread runs until it may go on. */
static void create_sibling(const int *may_go_on)
{
    int begun = 0;
#pragma omp task shared(begun) firstprivate(may_go_on)
    {
        set(&begun);
        await(may_go_on);
    }
    await(&begun);
}

/* Others have taken the predecessor and the sibling, the newer one. */
static bool sibling_of_taskwait(void)
{
    int wrong = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        int x = 0, go_on = 0, taken = 0;
#pragma omp task depend(out : x) shared(x, taken)
        {
            set(&taken);
            usleep(300);
            x = 1;
        }
        await(&taken);
        create_sibling(&go_on);
#pragma omp taskwait depend(in : x)
        wrong += x != 1;
        set(&go_on);
#pragma omp taskwait
    }
    return wrong == 0;
}

/* The predecessor is still the creator's. */
static bool sibling_of_undeferred(void)
{
    int wrong = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        int x = 0, go_on = 0;
        create_sibling(&go_on);
#pragma omp task depend(out : x) shared(x)
        x = 1;
#pragma omp task depend(inout : x) shared(x, wrong) if (0)
        wrong += x++ != 1;
        wrong += x != 2;
        set(&go_on);
#pragma omp taskwait
    }
    return wrong == 0;
}

/* A member of a mutexinoutset does not wait for an older one that cannot begin yet. */
static bool exclusive_in_any_order(void)
{
    int wrong = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        int x = 0, y = 0, go_on = 0, begun = 0;
        (void)y; /* only its address counts */
#pragma omp task depend(out : y) shared(go_on, begun)
        {
            set(&begun);
            await(&go_on);
        }
        await(&begun);
#pragma omp task depend(mutexinoutset : x) depend(in : y) shared(x)
        x = 2 * x + 1;
#pragma omp task depend(mutexinoutset : x) shared(x, go_on)
        {
            x = 2 * x + 4;
            set(&go_on);
        }
#pragma omp taskwait
        wrong += x != 9;
    }
    return wrong == 0;
}

/* Its members exclude each other, by each of several addresses. */
static bool exclusive_alone(void)
{
    long cells[3] = {0};
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < EXCLUSIVE; i++) {
        long *a = &cells[i % 3], *b = &cells[(i + 1) % 3];
#pragma omp task depend(mutexinoutset : *a, *b) firstprivate(a, b)
        {
            const long one = *a, other = *b;
            usleep(one % 7);
            *a = one + 1;
            *b = other + 1;
        }
#pragma omp task depend(mutexinoutset : *a) firstprivate(a) if (i % 5)
        ++*a;
    }
    return cells[0] == EXCLUSIVE && cells[1] == EXCLUSIVE && cells[2] == EXCLUSIVE;
}

/* As gcc 13 compiles omp_all_memory: a null address. */
void GOMP_task(void (*fn)(void *), void *data, void (*copy)(void *, void *), long size, long align,
               bool deferred, unsigned flags, void **depend, int priority, void *detach);
enum { FLAG_DEPEND = 8 };

static void all_memory(void *data)
{
    int *cells = *(int **)data;
    cells[2] = cells[0] + cells[1];
}

static bool all_memory_follows_all(void)
{
    int wrong = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        int cells[4] = {0}, go_on = 0, *data = cells;
        void *everything[] = {(void *)(uintptr_t)1, (void *)(uintptr_t)1, NULL};
        create_sibling(&go_on);
#pragma omp task depend(out : cells[0]) shared(cells)
        {
            usleep(100);
            cells[0] = 1;
        }
#pragma omp task depend(inout : cells[1]) shared(cells)
        cells[1] = 2;
        GOMP_task(all_memory, &data, NULL, sizeof data, _Alignof(int *), true, FLAG_DEPEND,
                  everything, 0, NULL);
#pragma omp task depend(out : cells[3]) shared(cells, go_on)
        {
            cells[3] = cells[2] + 1;
            set(&go_on);
        }
#pragma omp taskwait
        wrong += cells[3] != 4;
    }
    return wrong == 0;
}

/* Many members of a set that wait for each other. */
static bool many_exclusive(void)
{
    long sum = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < MANY; i++)
#pragma omp task depend(mutexinoutset : sum) shared(sum)
        sum++;
    return sum == MANY;
}

/* ---- Events ---- */

/* A sibling with dependences of its own fulfils the event. */
static bool event_by_sibling(void)
{
    int wrong = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        int x = 0, y = 0;
        omp_event_handle_t event;
#pragma omp task detach(event) shared(x)
        x = 1;
#pragma omp task depend(out : y) shared(y) firstprivate(event)
        {
            y = 1;
            omp_fulfill_event(event);
        }
#pragma omp taskwait
        wrong += x + y != 2;
    }
    return wrong == 0;
}

/* A reader waits for the event of the writer, and another task that was created later fulfils it. */
static bool event_releases(void)
{
    int wrong = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        int x = 0, y = 0, fulfilled = 0, early = 0;
        omp_event_handle_t event;
#pragma omp task detach(event) depend(out : x) shared(x)
        x = 1;
#pragma omp task depend(in : x) depend(out : y) shared(x, y, fulfilled, early)
        {
            early = !get(&fulfilled);
            y = x;
        }
#pragma omp task shared(fulfilled) firstprivate(event)
        {
            usleep(100);
            set(&fulfilled);
            omp_fulfill_event(event);
        }
        if (i % 2) {
#pragma omp taskwait depend(in : y)
            wrong += y != 1;
        }
#pragma omp taskwait
        wrong += early || y != 1;
    }
    return wrong == 0;
}

static void *fulfil(void *event)
{
    usleep(300);
    omp_fulfill_event((omp_event_handle_t)(uintptr_t)event);
    return NULL;
}

/* A foreign thread fulfils the event of a child, whose parent ends without a taskwait. */
static bool event_by_foreign_thread(void)
{
    int x[ROUNDS] = {0}, y[ROUNDS] = {0}, wrong = 0;
#pragma omp parallel num_threads(TEAM)
#pragma omp single
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
#pragma omp taskgroup
#pragma omp task shared(x, y, thread) firstprivate(i)
        {
            omp_event_handle_t event;
#pragma omp task detach(event) depend(out : x[i]) shared(x, thread) firstprivate(i)
            {
                x[i] = 1;
                if (pthread_create(&thread, NULL, fulfil, (void *)(uintptr_t)event))
                    abort();
            }
#pragma omp task depend(inout : x[i]) shared(x, y) firstprivate(i)
            y[i] = x[i];
        }
        wrong += y[i] != 1;
        pthread_join(thread, NULL);
    }
    return wrong == 0;
}

static const trap traps[] = {
    {"sibling_of_taskwait", sibling_of_taskwait},
    {"sibling_of_undeferred", sibling_of_undeferred},
    {"exclusive_in_any_order", exclusive_in_any_order},
    {"exclusive_alone", exclusive_alone},
    {"all_memory_follows_all", all_memory_follows_all},
    {"many_exclusive", many_exclusive},
    {"event_by_sibling", event_by_sibling},
    {"event_releases", event_releases},
    {"event_by_foreign_thread", event_by_foreign_thread},
};

int main(int argc, char **argv)
{
    return run_traps(traps, sizeof traps / sizeof traps[0], argc, argv);
}
