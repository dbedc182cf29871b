/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A stolen task on top of a guest that helps: a debugger and a profiler see the whole stack, from the task
 * to main. */
#include <filch/filch.h>
#include <pthread.h>
#include <sched.h>

static filch_runtime *rt;
static pthread_t helper;
static filch_u32 helps, stolen, done;

__attribute__((noinline)) static void on_top_of_the_guest(void)
{
    filch_u32_store(&stolen, 1, FILCH_RELEASE);
}

FILCH_VOID_TASK(is_stolen, (pthread_t, forker))
{
    (void)self;
    if (pthread_equal(pthread_self(), helper) && !pthread_equal(forker, helper))
        on_top_of_the_guest();
}

/* Forks until the guest has taken one. */
FILCH_VOID_TASK(forks)
{
    while (!filch_u32_load(&stolen, FILCH_ACQUIRE)) {
        FILCH_FORK(is_stolen, pthread_self());
        FILCH_FORK(is_stolen, pthread_self());
        sched_yield();
        FILCH_JOIN_VOID(is_stolen);
        FILCH_JOIN_VOID(is_stolen);
    }
    filch_help_set(NULL, &done, 1);
}

static void *run_forks(void *unused)
{
    while (!filch_u32_load(&helps, FILCH_ACQUIRE))
        sched_yield();
    FILCH_RUN(rt, forks);
    return unused;
}

int main(void)
{
    filch_guest guest;
    pthread_t thread;
    if (filch_runtime_create(&rt, &(filch_config){.workers = 2}) ||
        pthread_create(&thread, NULL, run_forks, NULL))
        return 1;
    while (filch_guest_attach(rt, &guest))
        sched_yield();
    helper = pthread_self();
    filch_u32_store(&helps, 1, FILCH_RELEASE);
    while (!filch_u32_load(&done, FILCH_ACQUIRE)) /* helps again where it would only wait */
        filch_help_until(guest.self, &done, 0, filch_in(FILCH_MILLISECOND));
    filch_guest_detach(&guest);
    pthread_join(thread, NULL);
    return filch_runtime_destroy(rt);
}
