/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A progress bar on stderr, where that is a terminal; elsewhere nothing. */
#ifndef JOBS_PROGRESS_H
#define JOBS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct jobs_progress {
    FILE *out;
    bool terminal;
    const char *what; /* "purged" */
    int64_t shown;    /* ns; when the line was last written, 0: never */
} jobs_progress;

void jobs_progress_begin(jobs_progress *p, FILE *out, const char *what);
/* Ten times a second at most. total 0: not known. */
void jobs_progress_show(jobs_progress *p, uint64_t done, uint64_t total);
/* Clears the line. */
void jobs_progress_end(jobs_progress *p);

#endif
