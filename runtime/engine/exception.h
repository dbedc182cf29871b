/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The end of C++ exceptions: none may leave a task, and one that does ends the process and names
 * the task. Tasks only. */
#ifndef FL_EXCEPTION_H
#define FL_EXCEPTION_H

#include <filch/runtime.h>

/* Calls fn(self, arg), in the innermost boundary of the calling task (runtime/engine/panic.h). An
 * exception for which no frame below has a handler is reported with the boundary's task. Then
 * std::terminate is called, which says what was thrown. */
void fl_call_barred(filch_go_fn *fn, filch_self self, void *arg);

#endif
