/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The same serial work in one thread alone or in two at once, each pinned to a CPU of its own. The
 * ceiling is computed from it. */
#ifndef BARS_COPIES_H
#define BARS_COPIES_H

#include "measure.h"

typedef struct copies_one {
    void (*run)(void *context);
    void *context;
    int cpu;
    pthread_barrier_t *gate;
    double from, till;
} copies_one;

static inline void *copies_thread(void *arg)
{
    copies_one *one = (copies_one *)arg;
    measure_pin(one->cpu);
    pthread_barrier_wait(one->gate);
    one->from = measure_now();
    one->run(one->context);
    one->till = measure_now();
    return NULL;
}

/* Seconds from the first start to the last end. contexts[i] is the copy's own. */
static inline double copies_run(void (*run)(void *context), void *const *contexts, int count)
{
    copies_one copies[2];
    pthread_t threads[2];
    pthread_barrier_t gate;
    int cpus[2];
    measure_cpus(cpus);
    pthread_barrier_init(&gate, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        copies[i].run = run;
        copies[i].context = contexts[i];
        copies[i].cpu = cpus[i];
        copies[i].gate = &gate;
        measure_expect(!pthread_create(&threads[i], NULL, copies_thread, &copies[i]),
                       "no thread for a copy");
    }
    double from = 0, till = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        from = i == 0 || copies[i].from < from ? copies[i].from : from;
        till = i == 0 || copies[i].till > till ? copies[i].till : till;
    }
    pthread_barrier_destroy(&gate);
    return till - from;
}

#endif
