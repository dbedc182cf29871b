/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cost of OpenMP's constructs in nanoseconds, after the method of the EPCC micro benchmarks: the
 * time of a construct around a short delay, less the time of the delay alone. Each row is the
 * smallest of several samples. Usage: epcc [SAMPLES]. Without samples (0) each construct runs a few
 * times: barriers take milliseconds where threads outnumber idle processors. */
#include "kernel.h"

#include <omp.h>

enum { REPEATS = 500, FEW = 4, ITERATIONS = 128, TASKS = 64 };

static volatile unsigned sink;
static omp_lock_t lock;

static void delay(void)
{
    for (unsigned i = 0; i < 20; i++)
        sink;
}

/* A row: the body runs `repeats` times; one run holds `units` constructs and `delays` delays in a
 * row on each thread. A body of a team runs inside of one parallel region. */
typedef struct row {
    const char *name;
    void (*body)(void);
    bool in_team;
    unsigned repeats, units, delays;
} row;

#define PRAGMA(text) _Pragma(#text)
#define DO(name, text)                                                                             \
    static void name(void)                                                                         \
    {                                                                                              \
        PRAGMA(text)                                                                               \
        delay();                                                                                   \
    }
#define LOOP(name, count, text)                                                                    \
    static void name(void)                                                                         \
    {                                                                                              \
        const int end = (count);                                                                   \
        PRAGMA(text)                                                                               \
        for (int i = 0; i < end; i++)                                                              \
            delay();                                                                               \
    }

DO(parallel, omp parallel)
DO(single, omp single)
DO(single_nowait, omp single nowait)
DO(critical, omp critical)
DO(task_undeferred, omp task if (0))
LOOP(parallel_for, omp_get_max_threads(), omp parallel for)
LOOP(for_static, omp_get_num_threads(), omp for schedule(static))
LOOP(for_dynamic1, omp_get_num_threads() * ITERATIONS, omp for schedule(dynamic, 1))
LOOP(for_dynamic16, omp_get_num_threads() * ITERATIONS, omp for schedule(dynamic, 16))
LOOP(for_guided, omp_get_num_threads() * ITERATIONS, omp for schedule(guided))
LOOP(taskloop1, TASKS, omp taskloop grainsize(1))
LOOP(taskloop, TASKS, omp taskloop)

static void alone(void)
{
    for (int i = 0; i < ITERATIONS; i++)
        delay();
}

static void barrier(void)
{
    delay();
#pragma omp barrier
}

static void locked(void)
{
    omp_set_lock(&lock);
    delay();
    omp_unset_lock(&lock);
}

static void ordered(void)
{
    const int end = omp_get_num_threads() * ITERATIONS;
#pragma omp for ordered schedule(static, 1)
    for (int i = 0; i < end; i++) {
#pragma omp ordered
        delay();
    }
}

static double number;

static void atomic(void)
{
#pragma omp atomic
    number += 1;
}

static void reduction(void)
{
    int sum = 0;
#pragma omp parallel reduction(+ : sum)
    {
        delay();
        sum++;
    }
}

static void task_wait(void)
{
#pragma omp task
    delay();
#pragma omp taskwait
}

static void task_group(void)
{
#pragma omp taskgroup
    {
#pragma omp task
        delay();
    }
}

static void tasks(void)
{
    for (int i = 0; i < TASKS; i++)
#pragma omp task
        delay();
#pragma omp taskwait
}

/* One thread makes the tasks, the others run them in the barrier of the construct. */
#define BY_ONE(name, body)                                                                         \
    static void name(void)                                                                         \
    {                                                                                              \
        PRAGMA(omp single)                                                                         \
        body();                                                                                    \
    }
BY_ONE(tasks_of_one, tasks)
BY_ONE(taskloop1_of_one, taskloop1)
BY_ONE(taskloop_of_one, taskloop)

static const row rows[] = {
    {"parallel", parallel, false, REPEATS, 1, 1},
    {"parallel_for", parallel_for, false, REPEATS, 1, 1},
    {"barrier", barrier, true, REPEATS, 1, 1},
    {"single", single, true, REPEATS, 1, 0},
    {"single_nowait", single_nowait, true, REPEATS, 1, 0},
    {"critical", critical, true, REPEATS, 1, 1},
    {"lock", locked, true, REPEATS, 1, 1},
    {"ordered", ordered, true, 4, ITERATIONS, ITERATIONS},
    {"atomic", atomic, true, 20 * REPEATS, 1, 0},
    {"reduction", reduction, false, REPEATS, 1, 1},
    {"for_static", for_static, true, REPEATS, 1, 1},
    {"for_dynamic1", for_dynamic1, true, 20, ITERATIONS, ITERATIONS},
    {"for_dynamic16", for_dynamic16, true, 20, ITERATIONS, ITERATIONS},
    {"for_guided", for_guided, true, 20, ITERATIONS, ITERATIONS},
    {"task_taskwait", task_wait, true, REPEATS, 1, 1},
    {"task_if0", task_undeferred, true, REPEATS, 1, 1},
    {"taskgroup", task_group, true, REPEATS, 1, 1},
    {"tasks_one_producer", tasks_of_one, true, 20, TASKS, 0},
    {"tasks_all_produce", tasks, true, 20, TASKS, TASKS},
    {"taskloop_grain1", taskloop1_of_one, true, 20, TASKS, 0},
    {"taskloop", taskloop_of_one, true, 20, 1, 0},
};

static double sample(const row *of, unsigned repeats)
{
    double begin = 0, end = 0;
    if (!of->in_team) {
        begin = now();
        for (unsigned i = 0; i < repeats; i++)
            of->body();
        return now() - begin;
    }
#pragma omp parallel
    {
#pragma omp barrier
#pragma omp master
        begin = now();
        for (unsigned i = 0; i < repeats; i++)
            of->body();
#pragma omp barrier
#pragma omp master
        end = now();
    }
    return end - begin;
}

static double best(const row *of, int samples)
{
    const unsigned repeats = samples ? of->repeats : FEW;
    double least = sample(of, repeats);
    for (int i = 0; i < samples; i++) {
        const double seconds = sample(of, repeats);
        least = seconds < least ? seconds : least;
    }
    return least / repeats;
}

int main(int argc, char **argv)
{
    const int samples = size_of(argc, argv, 10);
    const row reference = {"delay", alone, false, REPEATS, 1, 1};
    omp_init_lock(&lock);
    const double one = best(&reference, samples) / ITERATIONS;
    for (const row *of = rows; of < rows + sizeof rows / sizeof *rows; of++)
        printf("%s %.1f\n", of->name, 1e9 * (best(of, samples) - of->delays * one) / of->units);
    omp_destroy_lock(&lock);
    return 0;
}
