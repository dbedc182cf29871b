/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Common parts of the checks of all exercises. It need not be read to solve them.
 *
 * A check ends at the first thing that is not yet right: it says so in a sentence, with exit status
 * 1. */
#ifndef EXERCISES_CHECK_H
#define EXERCISES_CHECK_H

#include <filch/filch.h>
#include <filch/observe.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Seconds for everything. Counted one by one, so that a machine that stands still for a while counts
 * as one. */
static volatile sig_atomic_t seconds_left = 20;

/* The message when nobody can go on: the reason that the exercise knows. */
static const char *if_stuck = "all tasks wait, and none is left to wake another";

static filch_u32 said;

/* Says what is wrong, and ends the program at once. The first one is heard. */
FILCH_PRINTF(1, 2) static inline FILCH_NORETURN void not_yet(const char *format, ...)
{
    char text[512];
    va_list list;
    while (filch_u32_add(&said, 1, FILCH_RELAXED)) /* nothing else is read by it */
        pause();
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    printf("not yet: %s\n", text);
    fflush(stdout);
    _exit(1);
}

#define CHECK_THAT(condition, ...) ((condition) ? (void)0 : not_yet(__VA_ARGS__))

static inline void hear_of_deadlock(const char *report, void *unused)
{
    (void)unused;
    if (!filch_u32_load(&said, FILCH_RELAXED)) /* a look */
        fputs(report, stderr);
    not_yet("%s", if_stuck);
}

static inline void a_second_more(int unused)
{
    static const char text[] = "not yet: it does not come to its end; who waits for what?\n";
    (void)unused;
    alarm(1);
    if (--seconds_left > 0)
        return;
    _exit(write(STDOUT_FILENO, text, sizeof text - 1) < 0 ? 2 : 1);
}

/* First of all. */
static inline void check_begin(void)
{
    signal(SIGALRM, a_second_more);
    alarm(1);
    filch_on_deadlock(hear_of_deadlock, NULL);
}

static inline int check_end(void)
{
    printf("passed\n");
    return 0;
}

/* The result of the exercise's function. */
static inline void returned(const char *function, int rc)
{
    const char *why = filch_error(), *colon = *why ? ": " : "";
    CHECK_THAT(rc == 0, "%s has returned %d (%s)%s%s", function, rc, strerror(rc < 0 ? -rc : rc),
               colon, why);
}

/* ---- How many are in progress. Of one piece of work at a time ---- */

static struct work {
    filch_mutex mutex;
    filch_condition changed;
    int begun, ended, most; /* how often; at most so many at a time */
} work;

static inline bool in_a_task(void)
{
    return filch_runtime_here() != NULL;
}

/* By what is given, at its beginning and at its end; `what` it is: "house", "page". */
static inline void work_begins(const char *what, int number)
{
    CHECK_THAT(in_a_task(), "%s %d is done by the calling thread; submit it to a pool as a job",
               what, number);
    filch_mutex_lock(&work.mutex);
    work.begun++;
    if (work.begun - work.ended > work.most)
        work.most = work.begun - work.ended;
    filch_condition_broadcast(&work.changed);
    filch_mutex_unlock(&work.mutex);
}

static inline void work_ends(void)
{
    filch_mutex_lock(&work.mutex);
    work.ended++;
    filch_condition_broadcast(&work.changed);
    filch_mutex_unlock(&work.mutex);
}

/* Waits until so many have begun. Those that come too early to be the last of them wait forever if
 * there are never so many at a time: if_stuck. */
static inline void wait_for_begun(int count)
{
    filch_mutex_lock(&work.mutex);
    while (work.begun < count)
        filch_condition_wait(&work.changed, &work.mutex);
    filch_mutex_unlock(&work.mutex);
}

/* When all has ended: there were `count` pieces, at most `width` at a time. */
static inline void check_work(const char *what, int count, int width)
{
    CHECK_THAT(work.begun == count, "%d %ss should be done; %d were begun", count, what,
               work.begun);
    CHECK_THAT(work.ended == count, "it returns while %d %ss are still in progress: wait for them",
               count - work.ended, what);
    CHECK_THAT(work.most <= width, "%d %ss were in progress at a time; it should be at most %d",
               work.most, what, width);
}

/* Waits for a moment in which others, that should not, can come. A right program does not depend
 * on it. */
static inline void dawdle(void)
{
    filch_sleep(3 * FILCH_MILLISECOND);
}

#endif
