/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * usage: deadlock CASE. Deadlocks of OpenMP programs, and long waits that are none: these end. */
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MS = 1000 }; /* us */

static omp_lock_t one, other;
static int begun;

static void await_begun(void)
{
    while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
        usleep(MS);
}

/* Another thread has taken the task, and waits for the lock. */
static void taskwait_with_a_lock(void)
{
#pragma omp parallel num_threads(2)
#pragma omp single
    {
        omp_set_lock(&one);
#pragma omp task
        {
            __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
            omp_set_lock(&one);
        }
        await_begun();
#pragma omp taskwait
    }
}

static void take(omp_lock_t *first, omp_lock_t *second)
{
    omp_set_lock(first);
#pragma omp barrier
    omp_set_lock(second);
}

static void opposite_locks(void)
{
#pragma omp parallel num_threads(2)
    if (omp_get_thread_num())
        take(&one, &other);
    else
        take(&other, &one);
}

static void meet(void)
{
#pragma omp barrier
}

static void barrier_in_critical(void)
{
#pragma omp parallel num_threads(3)
#pragma omp critical
    meet();
}

/* The wait for the lock is long before the other thread stops. */
static void barrier_much_later(void)
{
#pragma omp parallel num_threads(2)
    {
        if (!omp_get_thread_num())
            omp_set_lock(&one);
#pragma omp barrier
        if (omp_get_thread_num())
            omp_set_lock(&one);
        else
            usleep(200 * MS);
#pragma omp barrier
    }
}

/* ---- No deadlocks ---- */

static void sleeper_has_the_lock(void)
{
#pragma omp parallel num_threads(3)
    {
        omp_set_lock(&one);
        usleep(150 * MS);
        omp_unset_lock(&one);
    }
}

static void long_task(void)
{
#pragma omp parallel num_threads(2)
#pragma omp single
    {
#pragma omp task
        {
            __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
            usleep(300 * MS);
        }
        await_begun();
#pragma omp taskwait
    }
}

static void *unlock_later(void *unused)
{
    usleep(300 * MS);
    omp_unset_lock(&one);
    return unused;
}

static void stranger_unlocks(void)
{
    pthread_t thread;
    omp_set_lock(&one);
    pthread_create(&thread, NULL, unlock_later, NULL);
#pragma omp parallel num_threads(2)
#pragma omp single
    omp_set_lock(&one);
    pthread_join(thread, NULL);
}

/* Its tasks are taken by the team while one of its threads waits for a lock. */
static void others_work(void)
{
    int sum = 0;
#pragma omp parallel num_threads(3)
#pragma omp single
    {
        omp_set_lock(&one);
#pragma omp task
        {
            omp_set_lock(&one);
            omp_unset_lock(&one);
        }
        for (int i = 0; i < 8; i++)
#pragma omp task shared(sum)
        {
            usleep(20 * MS);
#pragma omp atomic
            sum++;
        }
        usleep(200 * MS);
        omp_unset_lock(&one);
    }
    if (sum != 8)
        printf("%d\n", sum);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"taskwait_with_a_lock", taskwait_with_a_lock}, {"opposite_locks", opposite_locks},
    {"barrier_in_critical", barrier_in_critical},   {"barrier_much_later", barrier_much_later},
    {"sleeper_has_the_lock", sleeper_has_the_lock}, {"long_task", long_task},
    {"stranger_unlocks", stranger_unlocks},         {"others_work", others_work},
};

int main(int argc, char **argv)
{
    omp_init_lock(&one);
    omp_init_lock(&other);
    for (unsigned i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++)
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    return 2;
}
