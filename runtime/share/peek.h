/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reads memory of the process that may be gone, or that its owner changes meanwhile: by a system
 * call, as a debugger reads. Memory that is not there is an answer, no signal. For names of
 * running tasks: the worker stores the pointer without telling anybody, and a name may end with
 * its job.
 *
 * A system that forbids the call (a filter of system calls) gives no names. */
#ifndef FL_PEEK_H
#define FL_PEEK_H

#include <stdbool.h>
#include <stddef.h>

bool fl_peek(const void *from, void *to, size_t size);
/* A text of at most size - 1 bytes; the rest is cut. false: it is not there. */
bool fl_peek_text(const char *from, char *to, size_t size);

#endif
