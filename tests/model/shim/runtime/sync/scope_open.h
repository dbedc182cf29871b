/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * In place of runtime/sync/scope_open.h: no model opens a scope twice. */
#ifndef FL_SCOPE_OPEN_H
#define FL_SCOPE_OPEN_H

#include <filch/scope.h>

static inline void fl_scope_opened(const filch_scope *scope)
{
    (void)scope;
}

static inline void fl_scope_closed(const filch_scope *scope)
{
    (void)scope;
}

static inline void fl_scope_says(const filch_failure *failure)
{
    (void)failure;
}

#endif
