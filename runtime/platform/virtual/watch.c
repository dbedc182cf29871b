/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/watch.h>

#include <runtime/platform/error.h>
#include <runtime/platform/own_thread.h>

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

enum { SECOND = 1 };

static struct {
    const filch_u64 *points;
    filch_u32 runs; /* the number of a thread */
} watch;

void fl_virtual_watch_runs(uint32_t number)
{
    filch_u32_store(&watch.runs, number, FILCH_RELAXED); /* a look's */
}

static void *look_each_second(void *unused)
{
    (void)unused;
    uint64_t named = UINT64_MAX;
    for (;;) {
        uint64_t before = filch_u64_load(watch.points, FILCH_RELAXED); /* a look */
        nanosleep(&(struct timespec){.tv_sec = SECOND}, NULL);
        if (filch_u64_load(watch.points, FILCH_RELAXED) != before || before == named) /* a look */
            continue;
        named = before;
        fl_say("virtual thread %u has run for 1 s without a decision point; if it waits in a loop, "
               "call filch_explore_point() there",
               filch_u32_load(&watch.runs, FILCH_RELAXED)); /* a look */
    }
    return NULL;
}

int fl_virtual_watch_begin(const filch_u64 *points)
{
    pthread_t thread;
    watch.points = points;
    int rc = fl_own_thread_start(&thread, look_each_second, NULL);
    if (rc)
        return fl_fail(EAGAIN, "no thread for FILCH_VIRTUAL; raise the limit of threads");
    pthread_detach(thread);
    return 0;
}
