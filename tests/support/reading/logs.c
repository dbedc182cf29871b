/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/reading.h>

char log_lines[16384];
static pthread_mutex_t log_lines_lock = PTHREAD_MUTEX_INITIALIZER;

void log_lines_add(const char *text, size_t size, void *unused)
{
    pthread_mutex_lock(&log_lines_lock);
    size_t used = strlen(log_lines);
    snprintf(log_lines + used, sizeof log_lines - used, "%.*s", (int)size, text);
    pthread_mutex_unlock(&log_lines_lock);
}
