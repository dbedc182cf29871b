/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs as lines of JSON: one object a line, which docs/service/jobs.md describes. Pure functions; any
 * thread. */
#ifndef JOBS_LINES_H
#define JOBS_LINES_H

#include <filch/service.h>

enum { LINES_WHY = 256 };

/* Reads a line into a new message, which the caller frees; it holds its own texts and body. Fields
 * that the line does not have are those of `defaults`; `expires` is then and there a time from now,
 * in ns. NULL: `why` says what is wrong with it. */
filch_message *lines_read(const char *line, size_t size, const filch_message *defaults,
                          char why[LINES_WHY]);

/* A copy of a message with its texts and body, which the caller frees. NULL: it is too large, or
 * there is no memory; `why` says so. */
filch_message *lines_copy(const filch_message *message, char why[LINES_WHY]);

#endif
