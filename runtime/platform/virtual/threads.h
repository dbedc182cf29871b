/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The virtual threads, for code that compares them. The caller has the baton. */
#ifndef FL_THREADS_H
#define FL_THREADS_H

#include <runtime/platform/virtual/choice.h>

fl_virtual_threads *fl_virtual_threads_all(void);
/* The calling thread. Ends the process if it is not a virtual one. */
fl_virtual_thread *fl_virtual_here(void);

/* ---- Places in reports: distances from the beginning of the program, the same in each run ---- */

/* 0: it is not in the program. */
uint64_t fl_virtual_place(const void *address);
/* Of the program's call that led to fl_virtual_point. 0: unknown. */
uint64_t fl_virtual_caller(void);

#endif
