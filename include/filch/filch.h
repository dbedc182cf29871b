/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filch: fork and join, parallel algorithms, waiting. For every program; a first one needs no other
 * header.
 *
 *   FILCH_TASK(long, fib, (int, n))
 *   {
 *       if (n < 2)
 *           return n;
 *       FILCH_FORK(fib, n - 1);                  another worker may steal it
 *       long right = fib(self, n - 2);
 *       FILCH_JOIN(long left, fib);
 *       return left + right;
 *   }
 *
 *   filch_runtime *rt;
 *   filch_runtime_create(&rt, NULL);             a worker per core
 *   long result = FILCH_RUN(rt, fib, 30);
 *   filch_runtime_destroy(rt);
 *
 * The calls to learn next: FILCH_FOR, FILCH_REDUCE, FILCH_ASYNC, filch_await, and filch_error for
 * the reason of a failure.
 * Worker pools, limits, retries, caches: <filch/pools.h>. Jobs from a broker: <filch/service.h>.
 * Statistics, metrics, logs, traces: <filch/observe.h>.
 * Since 0.1.0. */
#ifndef FILCH_H
#define FILCH_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>     /* compilers; how the library reports errors */
#include <filch/blocking.h> /* waiting for files; blocking calls, on separate threads */
#include <filch/channel.h>  /* channels between tasks and threads */
#include <filch/context.h>  /* cancellation and deadlines, as a tree */
#include <filch/future.h>   /* results that come later, and graphs of them */
#include <filch/guest.h>    /* threads of the program as workers */
#include <filch/panic.h>    /* panic, defer, try: a task that fails is ended and cleaned up */
#include <filch/par.h>      /* loops, reductions, scans, sorts */
#include <filch/process.h>  /* child processes; signals */
#include <filch/runtime.h>  /* create, run, resize, destroy workers */
#include <filch/scope.h>    /* tasks that end before the block that started them does */
#include <filch/select.h>   /* waiting for the first of several events */
#include <filch/sync.h>     /* mutex, semaphore, condition, wait group, barrier, ... */
#include <filch/task.h>     /* FILCH_TASK, FILCH_FORK, FILCH_JOIN, FILCH_RUN */
#include <filch/timer.h>    /* sleep, timers, tickers */
#include <filch/wait.h>     /* rules of waiting: tasks suspend, threads block */

#include <filch/detail/show_words.h>
#endif
