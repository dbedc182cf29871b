/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names of tasks, in traces and on the statistics page: that of the function that gcc has made of the
 * construct, such as `tree._omp_fn.0`. Only where somebody looks (FILCH_TRACE, FILCH_SHARE): otherwise all
 * tasks have the same name, and creating one needs no look-up.
 *
 * Edge:
 *   InsertTask: CAS place, release                  -> FindTask: load place, acquire; it sees
 *                                                      the task */
#ifndef FL_OPENMP_NAMES_H
#define FL_OPENMP_NAMES_H

#include <runtime/openmp/openmp.h>

extern bool fl_omp_names; /* Never changes after the library was loaded */

/* Where functions of the library run those of the compiled code (kmpc/names.c): the one that fn runs; NULL: not
 * known. fl_omp_stands_for is NULL in libgomp.so.1. */
extern fl_omp_fn *(*fl_omp_stands_for)(fl_omp_fn *fn);

/* As `kind`, with the name of fn. */
const filch_task *fl_omp_named(const filch_task *kind, fl_omp_fn *fn);

static inline const filch_task *fl_omp_task_of(const filch_task *kind, fl_omp_fn *fn)
{
    return FILCH_UNLIKELY(fl_omp_names) ? fl_omp_named(kind, fn) : kind;
}

#endif
