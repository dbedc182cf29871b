/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 8: jobs that must not take longer than so long. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <filch/filch.h>

/* Given: fetches a page. Some take for ever; they give up when the context is done. Returns 0, or
 * the context's cause. */
int fetch(filch_context *context, int page);
void give_up(int page); /* puts a note there instead; by several at a time if need be */

/* Yours: fetches the pages 0 .. pages - 1 by jobs of a pool that is four wide. Whatever has no
 * result `timeout` ns after it was submitted is given up, once. Returns how many those are, or a
 * negative errno. */
int fetch_all(int pages, int64_t timeout);

#endif
