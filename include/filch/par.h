/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel algorithms. For engineers with CPU-bound work who want a loop, a reduction or a sort
 * rather than a scheduler. None has a grain size to tune. Each comes as a typed macro, whose body
 * or comparison is inlined into its inner loop, and as a plain function with callbacks, for other
 * languages and for types known only at run time.
 *
 *   <filch/for.h>         loops over index ranges and planes
 *   <filch/reduce.h>      one value of many, also with the same bits on every run
 *   <filch/scan.h>        prefix sums of any associative operation
 *   <filch/find.h>        the first index for which something holds; a filter; a histogram
 *   <filch/sort.h>        sorts in place, stably, and by a number; the merge of two sorted lists
 *
 * They share:
 *   name(self, ...)           from a task; FILCH_RUN(rt, name, ...) from any other thread
 *   the result is an int      0, a negative errno (filch_error() says what to do), or the code
 *                             that a body stopped with; on an error, *result is untouched
 *   empty input               is not an error
 * Bodies may fork, join and call further algorithms with their `self`.
 * Threads: tasks; any other thread calls them through FILCH_RUN. Suspends: yes; the caller may
 * continue on another worker. Errors: 0 or a negative errno; each header names them.
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
