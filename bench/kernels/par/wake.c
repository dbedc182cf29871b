/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Wake-up latency: from the submission of a task to idle workers until it starts. The serial column
 * is a thread that sleeps on a semaphore. */
#include "../kernel.h"
#include "par.h"
#include "wakes.h"

#include <errno.h>

#ifdef KERNEL_AS_SERIAL
#include <pthread.h>
#include <semaphore.h>

typedef struct sleeper {
    pthread_t thread;
    sem_t posted;
    wake_note *note; /* NULL: the thread ends */
} sleeper;

static void *sleep_and_start(void *arg)
{
    sleeper *s = arg;
    for (;;) {
        while (sem_wait(&s->posted))
            ;
        if (!s->note)
            return NULL;
        wake_start(s->note);
    }
}

static void submit(void *to, wake_note *note)
{
    sleeper *s = to;
    s->note = note;
    sem_post(&s->posted);
}

static int setup(kernel_run *run)
{
    sleeper *s = par_setup(run, sizeof *s, 0, 0);
    if (!s)
        return -ENOMEM;
    sem_init(&s->posted, 0, 0);
    return -pthread_create(&s->thread, NULL, sleep_and_start, s);
}

static void teardown(kernel_run *run)
{
    sleeper *s = run->data;
    submit(s, NULL);
    pthread_join(s->thread, NULL);
    sem_destroy(&s->posted);
    data_teardown(run);
}

static void run_wake(void *place, kernel_run *run)
{
    wakes_run(run, submit, run->data);
}
#else
static void start(filch_self self, void *note)
{
    wake_start(note);
}

static void submit(void *rt, wake_note *note)
{
    par_expect(filch_go(rt, start, note));
}

static void run_wake(void *place, kernel_run *run)
{
    wakes_run(run, submit, place);
}
#endif

const kernel KERNEL(wake) = {
    .name = "wake",
    .what = "wake-up latency: from submission to idle workers until the task starts",
    .source = "bench/bars/engine/wake.c",
    .latency = true,
    .shown = KERNEL_WITH_ALL,
    .sizes = {{"5 tasks", 5, 5, 0}, {"50 tasks", 50, 50, 0}, {"500 tasks", 500, 500, 0}},
    .run = run_wake,
#ifdef KERNEL_AS_SERIAL
    .serial_is = "a semaphore",
    .setup = setup,
    .teardown = teardown,
#endif
};
