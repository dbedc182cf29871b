/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The lines of a log, one behind the other. Several threads may write at once. */
#ifndef SUPPORT_LOG_LINES_H
#define SUPPORT_LOG_LINES_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static char log_lines[16384];
static pthread_mutex_t log_lines_lock = PTHREAD_MUTEX_INITIALIZER;

/* For filch_log_init. */
static inline void log_lines_add(const char *text, size_t size, void *unused)
{
    pthread_mutex_lock(&log_lines_lock);
    size_t used = strlen(log_lines);
    snprintf(log_lines + used, sizeof log_lines - used, "%.*s", (int)size, text);
    pthread_mutex_unlock(&log_lines_lock);
}

#endif
