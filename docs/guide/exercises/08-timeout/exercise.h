/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 8: jobs that must not take longer than so long. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <filch/filch.h>
#include <filch/pools.h>

/* Given: fetches a page. Some take forever; they give up when the context is done. Returns 0, or
 * the context's cause. */
int fetch(filch_context *context, int page);
void give_up(int page); /* puts a note there instead; by several at a time if need be */

/* Yours: fetches the pages 0 .. pages - 1 by jobs of a pool that is four wide. A page without a
 * result `timeout` ns after its submission is given up, once. Returns the number of these, or a
 * negative errno. */
int fetch_all(int pages, int64_t timeout);

#endif
