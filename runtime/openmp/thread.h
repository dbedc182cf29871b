/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Initial threads: those that are in no parallel region. */
#ifndef FL_OPENMP_THREAD_H
#define FL_OPENMP_THREAD_H

/* The calling thread ends: its hot teams are dissolved. */
void fl_omp_dissolve_all(void);
/* And the memory of its regions is freed. */
void fl_omp_free_regions(void);
/* Dissolved without their threads, in a child of fork(). */
void fl_omp_forget_all(void);

#endif
