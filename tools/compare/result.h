/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A result file of filch bench (docs/result-schema.json), read with suspicion: it may be cut off,
 * foreign, or made to harm. Reading any file ends in a message, or in figures that are positive and
 * finite, of at most STATISTICS_MOST samples a row. */
#ifndef COMPARE_RESULT_H
#define COMPARE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { RESULT_VERSION = 2, RESULT_MOST_BYTES = 64 << 20, RESULT_MOST_ROWS = 4096 };

/* Which figure of the samples. */
typedef struct result_figures {
    const char *by; /* "seconds", "cpu_seconds" */
    bool relative;  /* divided by that of serial code in the same round */
    bool disturbed; /* disturbed rows are judged, too */
} result_figures;

/* One kernel at one size in one column with one number of workers. Texts belong to the result. */
typedef struct result_row {
    const char *kernel, *label, *size, *answer;
    const char *column, *queue, *policy; /* queue, policy: "" where there is none */
    const char *error;                   /* "": it has values */
    unsigned workers;
    bool serial, disturbed;
    bool spoilt;  /* disturbed in a way that changes these figures */
    size_t block; /* rows of one block were measured in turns */
    double *values;
    size_t count;
} result_row;

typedef struct result {
    const char *path;
    struct json_t *whole;
    const char *ended, *version, *commit, *compiler, *flags, *cpu, *kernel,
        *environment;   /* or "unknown" */
    double usable_cpus; /* 0: unknown */
    result_row *rows;
    size_t row_count;
} result;

/* Whether they are the same measurement, in one file or in two. */
static inline bool result_same_row(const result_row *a, const result_row *b)
{
    return a->workers == b->workers && strcmp(a->label, b->label) == 0 &&
           strcmp(a->size, b->size) == 0 && strcmp(a->column, b->column) == 0 &&
           strcmp(a->policy, b->policy) == 0;
}

/* Reads a file, or its text. 0, or -errno, and error says what is wrong and what to do. */
int result_load(result *out, const char *path, result_figures figures, char *error, size_t size);
int result_parse(result *out, const char *path, const char *text, size_t length,
                 result_figures figures, char *error, size_t size);
void result_free(result *r);

#endif
