/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The deferred call of a driver for the records of <filch/detail/undo.h>. */
#ifndef FL_UNDO_H
#define FL_UNDO_H

#include <filch/detail/undo.h>

/* For FL_ON_PANIC: copies the recorded items back, the newest record first. */
void fl_undo_all(void *undos);

#endif
