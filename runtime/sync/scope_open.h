/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Is a scope open? A task's open scopes are among its deferred cleanups, a thread's in a list of its own: the memory of a
 * scope that is to be opened says nothing. */
#ifndef FL_SCOPE_OPEN_H
#define FL_SCOPE_OPEN_H

#include <filch/scope.h>

/* 0, or -EBUSY: the caller has opened it already. */
int fl_scope_refuse_open(const filch_scope *scope);

/* Of a thread that is not a task; a task's are noted by their cleanup. */
void fl_scope_opened(const filch_scope *scope);
void fl_scope_closed(const filch_scope *scope);

/* The sentence of filch_error() after filch_scope_fail. */
void fl_scope_says(const filch_failure *failure);

#endif
