/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A scope, internal part. `children` counts those that have not ended. A child that is not the last
 * leaves with one CAS. The last one leaves under the lock: a waiter may free the scope as soon as
 * it sees 0, and it looks under the lock, so unlocking is the last touch.
 *
 * Edges:
 *   LeaveScope: CAS of children, above 1, release   -> LeaveLast, the last: add -1 to children,
 *                                                      acq_rel; waiters see the others' writes
 *                                                      through the lock
 *
 * An opener that is a task has a cleanup pending: if it panics, the scope is cancelled and the
 * panicking stack waits for it.
 * Locks: a context's is never taken while a scope's is held. */
#ifndef FL_SCOPE_H
#define FL_SCOPE_H

#include <filch/scope.h>

#include <stdbool.h>

/* A child, as its fiber sees it. Lies on the fiber's stack. */
typedef struct fl_child {
    const filch_child *what;
    filch_scope *scope;
    void *arg;
    int code;  /* its return value */
    bool told; /* its failure is recorded */
} fl_child;

/* Records a failure of a child of the scope, or of its opener; its code is a negative errno. */
void fl_scope_child_failed(filch_scope *scope, const filch_failure *failure);

#endif
