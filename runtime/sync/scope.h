/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A scope from within. `children` counts those that have not ended. A child that is not the last
 * leaves with one CAS; the last one under the lock, since whoever waits may free the scope as soon
 * as it sees 0, which it does under the lock: unlocking is the last touch.
 *
 * Edges:
 *   U1 leave: CAS of children, above 1, release    -> U2 the last: add -1 to children, acq_rel; what
 *                                                     the others did is seen by who waits, through
 *                                                     the lock
 *
 * An opener that is a task has a cleanup pending: if it panics, the scope is cancelled, and waited
 * for on the panicking stack.
 * Locks: a context's is never taken while a scope's is held. */
#ifndef FL_SCOPE_H
#define FL_SCOPE_H

#include <filch/scope.h>
#include <runtime/core/job.h>

#include <stdbool.h>

/* The child that a fiber runs. Lies on its stack. */
typedef struct fl_child {
    const filch_child *what;
    filch_scope *scope;
    void *arg;
    int code;  /* what it returned */
    bool told; /* its failure is recorded */
} fl_child;

/* A job that filch_scope_spawn made; it is given back. */
void fl_child_run(filch_self self, fl_job *job);
/* Records a failure that a child of the scope, or its opener, has met; its code is a negative errno.
 */
void fl_scope_child_failed(filch_scope *scope, const filch_failure *failure);

#endif
