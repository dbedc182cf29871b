/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filch: a work-stealing parallel runtime. This is the umbrella header and the guided tour; each
 * concept has its own header.
 *
 *   <filch/base.h>     compilers; how the library reports errors
 *   <filch/runtime.h>  create, run, resize, destroy workers; where they run
 *   <filch/task.h>     FILCH_TASK, FILCH_FORK, FILCH_JOIN, FILCH_RUN: fork/join for C and C++
 *   <filch/panic.h>    panic, defer, try: a task that fails is ended and cleaned up
 *   <filch/par.h>      loops, reductions, scans, sorts: parallel algorithms without a grain size
 *   <filch/wait.h>     rules of waiting: tasks suspend, threads block; deadlines
 *   <filch/future.h>   results that come later, and graphs of them
 *   <filch/channel.h>  channels between tasks and threads
 *   <filch/select.h>   waiting for the first of several events
 *   <filch/context.h>  cancellation and deadlines, as a tree
 *   <filch/scope.h>    tasks that end before the block that started them does
 *   <filch/sync.h>     mutex, rwlock, semaphore, condition, wait group, once, barrier
 *   <filch/timer.h>    sleep, timers, tickers
 *   <filch/blocking.h> waiting for files and sockets; blocking calls, on separate threads
 *   <filch/process.h>  child processes; signals that cancel a context or go into a channel
 *   <filch/pool.h>     worker pools: life, shutdown, width, statistics; includes the next three
 *   <filch/pool_config.h> the configuration of a pool
 *   <filch/submit.h>   submission of jobs, one or many per call
 *   <filch/job.h>      jobs: their functions, outcomes and handles
 *   <filch/pipeline.h> stages with a width, a queue and an order each
 *   <filch/gather.h>   concurrent requests, of which a quorum of answers is enough
 *   <filch/results.h>  lists of completed jobs, in order of completion
 *   <filch/limiter.h>  rate limits: one token bucket for all, or one for each key
 *   <filch/adaptive.h> concurrency limits and rates that adapt to latency
 *   <filch/breaker.h>  circuit breakers: refuse calls to a failing service for a while
 *   <filch/retry.h>    retries of failed calls after growing delays
 *   <filch/resources.h> resource pools: connections and the like, first come, first served
 *   <filch/cache.h>    caches of interchangeable objects, near the worker that used them
 *   <filch/batcher.h>  single items collected and processed in batches
 *   <filch/stats.h>    statistics of workers; lists of waiting tasks; deadlock detection
 *   <filch/metrics.h>  counters, gauges, distributions, families, and their Prometheus text
 *   <filch/dead_letters.h>  queues of jobs that have failed for good, until requeued or removed
 *   <filch/log.h>      structured log lines, also through a queue that a slow reader cannot block
 *   <filch/traceparent.h>    W3C trace context
 *   <filch/span.h>     spans of a trace: times, attributes, events, status
 *   <filch/fork.h>     the plain functions beneath the macros, and the cost of a fork
 *   <filch/guest.h>    threads of the program as workers; barriers that run tasks
 *   <filch/atomic.h>   the atomics that the inline path and the library share
 * Not included: <filch/trace.h>, and the headers of the library filch-service.
 * Since 0.1.0. */
#ifndef FILCH_H
#define FILCH_H
#include <filch/detail/hide_words.h>

#include <filch/adaptive.h>
#include <filch/base.h>
#include <filch/batcher.h>
#include <filch/blocking.h>
#include <filch/breaker.h>
#include <filch/cache.h>
#include <filch/channel.h>
#include <filch/context.h>
#include <filch/dead_letters.h>
#include <filch/future.h>
#include <filch/gather.h>
#include <filch/guest.h>
#include <filch/limiter.h>
#include <filch/log.h>
#include <filch/metrics.h>
#include <filch/panic.h>
#include <filch/par.h>
#include <filch/pipeline.h>
#include <filch/pool.h>
#include <filch/process.h>
#include <filch/resources.h>
#include <filch/results.h>
#include <filch/retry.h>
#include <filch/runtime.h>
#include <filch/scope.h>
#include <filch/select.h>
#include <filch/span.h>
#include <filch/stats.h>
#include <filch/sync.h>
#include <filch/task.h>
#include <filch/timer.h>
#include <filch/traceparent.h>

#include <filch/detail/show_words.h>
#endif
