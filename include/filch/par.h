/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel algorithms, for engineers with CPU-bound work who want a loop, a reduction or a sort
 * rather than a scheduler. None has a grain size to tune. Each comes as a typed macro, whose body
 * or comparison is inlined into its inner loop, and as plain functions with callbacks (filch_x from
 * tasks, filch_run_x from foreign threads) for other languages.
 *
 *   <filch/for.h>         loops over index ranges and planes
 *   <filch/reduce.h>      one value of many, also with the same bits on every run
 *   <filch/scan.h>        prefix sums of any associative operation
 *   <filch/find.h>        those of an array that are wanted, in their order
 *   <filch/find.h>   how often each bin comes up
 *   <filch/find.h>        the first index that..., whether any does, whether all do
 *   <filch/sort.h>       two sorted arrays become one, stably
 *   <filch/sort.h>        sort by comparison, in place
 *   <filch/sort.h> the same, equal items in their old order
 *   <filch/sort.h>       stable sort by a number
 *
 * They share:
 *   name(self, ...)           from a task; FILCH_RUN(rt, name, ...) from a thread that is none
 *   the result is an int      0, a negative errno (filch_error() says what to do), or the code
 *                             that a body stopped with; on an error, *result is untouched
 *   empty input               is no error
 * Bodies may fork, join and call algorithms in turn, with their `self`.
 * Since 0.1.0. */
#ifndef FILCH_PAR_H
#define FILCH_PAR_H
#include <filch/detail/hide_words.h>

#include <filch/find.h>
#include <filch/for.h>
#include <filch/reduce.h>
#include <filch/scan.h>
#include <filch/sort.h>

#include <filch/detail/show_words.h>
#endif
