/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The failure of a task, as its waiters see it: futures, scopes, pools. A plain value that may
 * be copied.
 * Threads: any; one writer at a time.
 * Since 0.1.0. */
#ifndef FILCH_FAILURE_H
#define FILCH_FAILURE_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>

typedef struct filch_failure {
    int code;          /* a negative errno; 0: no failure */
    int line;          /* the source line, or 0 */
    const char *file;  /* the source file, or NULL */
    const char *task;  /* the task's name, or NULL */
    char message[104]; /* for people; cut if too long */
} filch_failure;

#include <filch/detail/show_words.h>
#endif
