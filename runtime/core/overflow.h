/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names the task whose C stack has overflowed, instead of a bare segmentation fault. The handler
 * runs on a signal stack of the worker, claims only addresses in the guard of the fiber that the
 * worker runs, and passes everything else to the handler that was there before. */
#ifndef FL_OVERFLOW_H
#define FL_OVERFLOW_H

#include <stddef.h>

/* Once per process; negative errno through fl_fail. */
int fl_overflow_install(void);

/* A worker's thread, first and last thing: its signal stack, and again the one that it came with.
 * `room` is the thread's to keep in between. */
size_t fl_overflow_stack_size(void);
void fl_overflow_enter(void *room);
void fl_overflow_exit(void);

#endif
