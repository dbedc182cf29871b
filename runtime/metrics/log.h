/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A log line as a function of its time. */
#ifndef FL_LOG_H
#define FL_LOG_H

#include <filch/log.h>

/* Whole keys for these; NULL: the defaults. -EINVAL through fl_fail; *out is then untouched. */
int fl_log_keys_complete(filch_log_keys *out, const filch_log_keys *keys);

/* Writes the line, with \n and without NUL, for `at`, nanoseconds since 1970 began, UTC, from year
 * 0 to 9999; level: below FILCH_LOG_OFF. Its keys are whole. Returns its length. */
size_t fl_log_line(char out[FILCH_LOG_LINE], const filch_log_keys *keys, int64_t at,
                   filch_log_level level, const char *message, const filch_log_field *fields,
                   size_t count);

#endif
