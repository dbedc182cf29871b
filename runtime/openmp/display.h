/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The text of OMP_DISPLAY_ENV and omp_display_env. */
#ifndef FL_OPENMP_DISPLAY_H
#define FL_OPENMP_DISPLAY_H

#include <runtime/openmp/parse.h>

#include <stdbool.h>

/* Prints the initial ICVs to stderr; verbose: also libgomp's own. */
void fl_omp_display_environment(bool verbose);

/* The predefined allocators. */
extern const fl_omp_word fl_omp_allocator_words[];

#endif
