/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filch: a work-stealing parallel runtime. This is the umbrella header and the guided tour; each
 * concept has its own.
 *
 *   <filch/base.h>     compilers; how the library reports errors
 *   <filch/runtime.h>  create, run, resize, destroy: workers pinned to cores
 *   <filch/task.h>     FILCH_TASK, FILCH_FORK, FILCH_JOIN, FILCH_RUN: fork/join for C and C++
 *   <filch/panic.h>    a task that cannot go on ends, and cleans up: panic, defer, try
 *   <filch/par.h>      loops, reductions, scans, sorts: parallel algorithms without a grain size
 *   <filch/wait.h>     waiting: who, how long; tasks suspend, threads block
 *   <filch/future.h>   results that come later, and graphs of them
 *   <filch/channel.h>  channels between tasks and threads
 *   <filch/select.h>   the first of several things that can happen
 *   <filch/context.h>  cancellation and deadlines, as a tree
 *   <filch/scope.h>    tasks that end before the block that started them does
 *   <filch/sync.h>     mutex, rwlock, semaphore, condition, wait group, once, barrier
 *   <filch/timer.h>    sleep, timers, tickers
 *   <filch/io.h>       waiting for files and sockets
 *   <filch/blocking.h> calls that stop a thread, on threads of their own
 *   <filch/pool.h>     worker pools: jobs, queues, outcomes
 *   <filch/pipeline.h> stages with a width, a queue and an order each
 *   <filch/gather.h>   several are asked at a time; a quorum of answers is enough
 *   <filch/results.h>  jobs come back as they are done, for who takes them
 *   <filch/limiter.h>  rate limits: token buckets, one for all or one for each key
 *   <filch/adaptive.h> a concurrency limit that finds itself by latency
 *   <filch/breaker.h>  calls to what keeps failing are refused for a while
 *   <filch/retry.h>    what failed for now is tried again, later and later
 *   <filch/resources.h> pools of connections and the like, first come, first served
 *   <filch/cache.h>    equal objects kept ready, near the worker that used them
 *   <filch/batcher.h>  items that come one by one are handed on many at a time
 *   <filch/stats.h>    what workers did, from whom they stole, where their time went
 *   <filch/metrics.h>  counters, gauges, distributions, and Prometheus' text of them
 *   <filch/letters.h>  jobs that have failed for good, kept until somebody has looked at them
 *   <filch/log.h>      structured log lines
 *   <filch/trace.h>    W3C trace context
 *   <filch/signals.h>  SIGTERM and SIGINT as the end of a context
 *   <filch/deadlock.h> what is said when nothing can run any more
 *   <filch/fork.h>     the plain functions beneath, and what a fork costs
 *   <filch/atomic.h>   the atomics that the inline path and the library share */
#ifndef FILCH_H
#define FILCH_H

#include <filch/adaptive.h>
#include <filch/base.h>
#include <filch/batcher.h>
#include <filch/blocking.h>
#include <filch/breaker.h>
#include <filch/cache.h>
#include <filch/channel.h>
#include <filch/context.h>
#include <filch/deadlock.h>
#include <filch/future.h>
#include <filch/gather.h>
#include <filch/io.h>
#include <filch/letters.h>
#include <filch/limiter.h>
#include <filch/log.h>
#include <filch/metrics.h>
#include <filch/panic.h>
#include <filch/par.h>
#include <filch/pipeline.h>
#include <filch/pool.h>
#include <filch/resources.h>
#include <filch/results.h>
#include <filch/retry.h>
#include <filch/runtime.h>
#include <filch/scope.h>
#include <filch/select.h>
#include <filch/signals.h>
#include <filch/stats.h>
#include <filch/sync.h>
#include <filch/task.h>
#include <filch/timer.h>
#include <filch/trace.h>

#endif
