/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What went wrong in a task, for who waits for it: a future, a scope, a pool. A plain value; copying
 * it is enough. */
#ifndef FILCH_FAILURE_H
#define FILCH_FAILURE_H

#include <filch/base.h>

typedef struct filch_failure {
    int code;          /* a negative errno; 0: nothing went wrong */
    int line;          /* where it was said, or 0 */
    const char *file;  /* the same, or NULL */
    const char *task;  /* the task's name, or NULL */
    char message[104]; /* for a person; cut where it is too long */
} filch_failure;

#endif
