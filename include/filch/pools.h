/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Worker pools, and the objects that jobs share: limits, retries, breakers, caches. For service
 * authors.
 *
 *   filch_pool_create(&pool, &(filch_pool_config){.width = 8, .capacity = 100});
 *   FILCH_SUBMIT(pool, resize, image);                                a job
 *   FILCH_SUBMIT_AS(pool, resize, image, .timeout = FILCH_SECOND);    a job with options
 *   filch_pool_submit(&job, pool, resize, image, NULL, FILCH_FOREVER);   a job with a handle
 *   filch_job_wait(job, filch_in(FILCH_SECOND));
 *   filch_pool_destroy(pool);                                         waits for all accepted jobs
 *
 *   filch_limiter_acquire(limiter, 1, NULL, FILCH_FOREVER);           at most N a second
 *   filch_breaker_call(breaker, ask, arg);                            not while it keeps failing
 *   filch_retry_run(&policy, NULL, ask, arg, NULL);                   again, after growing delays
 *   filch_resource_pool_acquire(pool, &connection, FILCH_FOREVER);    one of a few
 *
 * Tasks, waiting and cancellation: <filch/filch.h>.
 * Since 0.1.0. */
#ifndef FILCH_POOLS_H
#define FILCH_POOLS_H
#include <filch/detail/hide_words.h>

#include <filch/adaptive.h> /* concurrency limits and rates that adapt to latency */
#include <filch/batcher.h>  /* single items collected and processed in batches */
#include <filch/breaker.h>  /* circuit breakers: refuse calls to a failing service for a while */
#include <filch/cache.h>    /* interchangeable objects, near the worker that used them */
#include <filch/dead_letters.h> /* jobs that have failed for good, until requeued or removed */
#include <filch/gather.h>       /* concurrent requests, of which a quorum is enough */
#include <filch/limiter.h>      /* rate limits: one token bucket for all, or one per key */
#include <filch/pipeline.h>     /* stages with a width, a queue and an order each */
#include <filch/pool.h>         /* worker pools, their configuration, submission and jobs */
#include <filch/resources.h>    /* connections and the like, first come, first served */
#include <filch/results.h>      /* lists of completed jobs, in order of completion */
#include <filch/retry.h>        /* retries of failed calls after growing delays */

#include <filch/detail/show_words.h>
#endif
