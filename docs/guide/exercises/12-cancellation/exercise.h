/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 12: a service that ends when it is told to, and leaves nothing half done. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <filch/filch.h>
#include <filch/pools.h>

/* Given. */
int next_request(void); /* takes on a request, and returns its number; there is no end of them */
int serve(filch_context *context, int request); /* stops half way if the context is done */

/* Yours: takes requests and serves each by a job of a pool that is four wide, until `stop` is done.
 * Then takes no more; those that were taken are served to their end, for which there are `patience`
 * ns. Requests that are not done by then are cancelled. Returns 0, or -ETIMEDOUT if some had to be cancelled;
 * or another negative errno. */
int serve_until(filch_context *stop, int64_t patience);

#endif
