/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Uses the macros of the library while common words are macros of the program: hostile.sh makes
 * "hostile.h", which turns each word into a stray bracket. With HOSTILE_BEFORE it comes before the
 * headers too. So this file has no word but those of the interface, keywords and my_... */
#ifdef HOSTILE_BEFORE
#include "hostile.h"
#endif
#include <filch/filch.h>
#include <filch/observe.h>
#include <filch/pools.h>
#ifndef HOSTILE_BEFORE
FILCH_TASK(long, my_area, (long, my_width))
{
    return my_width * my_width;
}
#include "hostile.h"
#define my_area ] /* forks and calls from outside still mean the task above */
#endif
#include "restored.h" /* fails for a word that is no macro any more */

FILCH_TASK_DECLARE(long, my_fib, (int, my_n));
FILCH_TASK(long, my_fib2, (int, my_n))
{
    if (my_n < 2)
        return my_n;
    FILCH_ANY_FPMODE();
    FILCH_FORK(my_fib2, my_n - 1);
    long my_right = my_fib2(self, my_n - 2);
    FILCH_JOIN(long my_left, my_fib2);
    return my_left + my_right;
}
FILCH_TASK_DEFINE(long, my_fib, (int, my_n))
{
    return my_fib2(self, my_n);
}
FILCH_TASK(int, my_five, (int, my_a), (int, my_b), (int, my_c), (int, my_d), (int, my_e))
{
    return my_a + my_b + my_c + my_d + my_e;
}
FILCH_VOID_TASK(my_walk, (int, my_n), (int *, my_last))
{
    FILCH_FORK(my_walk, my_n - 1, my_last);
    FILCH_JOIN_VOID(my_walk);
}
FILCH_VOID_TASK(my_nothing)
{
    FILCH_FORK(my_nothing);
    FILCH_JOIN_VOID(my_nothing);
}

FILCH_FOR(my_scale, my_i, (float *, my_x), (float, my_f))
{
    my_x[my_i] *= my_f;
}
FILCH_FOR_HINT(my_scale_hint, 100, my_i, (float *, my_x))
{
    if (my_x[my_i] < 0)
        FILCH_STOP(1);
}
FILCH_FOR_2D(my_blur, my_i, my_j, (float *, my_x))
{
    my_x[my_i + my_j] = 0;
}
FILCH_REDUCE(my_sum, double, 0.0, FILCH_PLUS, my_i, (const double *, my_x))
{
    return my_x[my_i];
}
FILCH_REDUCE_COMMUTATIVE(my_most, double, 0.0, FILCH_MAX, my_i, (const double *, my_x))
{
    return my_x[my_i];
}
FILCH_REDUCE_DETERMINISTIC(my_same, double, 0.0, FILCH_PLUS, my_i, (const double *, my_x))
{
    return my_x[my_i];
}
FILCH_SCAN(my_total, long, 0, FILCH_PLUS)
FILCH_SCAN_EXCLUSIVE(my_total_before, long, 0, FILCH_PLUS)
FILCH_SORT(my_sort, int, FILCH_LESS)
FILCH_SORT_STABLE(my_sort_stable, int, FILCH_GREATER)
FILCH_MERGE(my_merge, int, FILCH_LESS)
FILCH_RADIX_SORT(my_radix, unsigned, FILCH_KEY)
FILCH_FIND(my_find, my_i, (const double *, my_x))
{
    return my_x[my_i] < 0;
}
FILCH_ANY(my_any, my_i, (const double *, my_x))
{
    return my_x[my_i] < 0;
}
FILCH_ALL(my_all, my_i)
{
    return my_i > 0;
}
FILCH_HISTOGRAM(my_histogram, my_i, (const size_t *, my_x))
{
    return my_x[my_i];
}
FILCH_PACK(my_pack, int, my_one)
{
    return my_one > 0;
}

static inline void my_give_back(void *my_arg)
{
    (void)my_arg;
}
static inline int my_job(filch_self self, filch_job *my_handle, void *my_arg)
{
    (void)my_handle;
    FILCH_DEFER(my_give_back, my_arg);
    FILCH_PANIC(-1, "never %d", 1);
}
static inline int my_child(filch_self self, filch_scope *my_scope, void *my_arg)
{
    return (void)self, (void)my_scope, (void)my_arg, 0;
}
static inline void my_detached(filch_self self, void *my_arg)
{
    (void)self, (void)my_arg;
}
int my_use(filch_runtime *my_rt, filch_pool *my_pool, filch_channel *my_channel,
           const filch_log *my_log);
int my_use(filch_runtime *my_rt, filch_pool *my_pool, filch_channel *my_channel,
           const filch_log *my_log)
{
    filch_future my_future;
    int my_code = FILCH_ASYNC(my_rt, &my_future, my_fib, 30) + FILCH_SUBMIT(my_pool, my_job, NULL);
    long my_result = FILCH_RUN(my_rt, my_fib, 30) + FILCH_RUN(my_rt, my_five, 1, 2, 3, 4, 5);
    FILCH_RUN(my_rt, my_nothing);
    FILCH_AWAIT_VALUE(&my_result, &my_future);
    my_result += FILCH_VALUE(long, &my_future);
    FILCH_FUTURE_FAIL(&my_future, -1, "no %d", 1);
    filch_scope my_scope;
    FILCH_SPAWN(&my_scope, my_child, NULL);
    FILCH_EACH_FAILURE(my_failure, &my_scope)
    my_code++;
    FILCH_EACH(long, my_item, my_channel)
    my_result += my_item;
    filch_case my_cases[] = {FILCH_SEND(my_channel, &my_result),
                             FILCH_RECEIVE(my_channel, &my_result), FILCH_DONE(NULL),
                             FILCH_UNTIL(FILCH_SECOND)};
    my_code += filch_select(my_cases, 4);
    FILCH_LOG(my_log, FILCH_LOG_INFO, "text", filch_log_int("one", 1));
    FILCH_SPAN_SET(NULL, filch_log_int("one", 1));
    FILCH_SPAN_EVENT(NULL, "happened", filch_log_int("one", 1));
    filch_timer my_timer;
    my_code += filch_timer_start(&my_timer, my_rt, 0, my_detached, NULL);
    my_code += filch_go(my_rt, my_detached, NULL);
#ifndef HOSTILE_BEFORE
    my_result += FILCH_RUN(my_rt, my_area, 3);
#endif
    return my_code + (int)my_result;
}
