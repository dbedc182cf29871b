/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Types that the parts of `filch compare` share.
 *
 *   options.c            command line -> compare_options
 *   load.c, result.c     result files -> results
 *   merge.c              results -> one result document, and its page
 *   judge.c              two results -> changes; one result -> pairs
 *   table.c, files.c     report -> text
 *
 * One thread. judge.c is pure: the same results give the same report. */
#ifndef COMPARE_H
#define COMPARE_H

#include "result.h"

#include <stdio.h>
#include <tools/shared/pair.h>
#include <tools/shared/sheet.h>
#include <tools/shared/statistics.h>

enum { COMPARE_FILES = 64 };

typedef struct compare_options {
    const char *paths[COMPARE_FILES];
    size_t path_count; /* 1: columns against each other; 2: old against new; any: merged */
    bool merge;
    const char *report; /* where the page of the result goes; NULL: none */
    result_figures figures;
    double threshold; /* a change beyond this share counts: 0.03 */
    bool either;      /* being faster counts, too */
    sheet_format format;
    const char *output; /* NULL: stdout */
} compare_options;

/* Fills *out or ends the process: 0 after --help, 2 with a sentence on stderr. */
void compare_parse_options(compare_options *out, int argc, char **argv);

/* The verdict on a row. */
typedef enum compare_verdict {
    COMPARE_SAME,
    COMPARE_SLOWER,
    COMPARE_FASTER,
    COMPARE_FEW,       /* too few samples to tell */
    COMPARE_DISTURBED, /* in either, in a way that changes the figure compared: no verdict */
    COMPARE_OTHER,     /* another answer, so other work */
    COMPARE_FAILED,    /* the new one has no (right) result, the old one has */
    COMPARE_NONE,      /* the old one has no result */
    COMPARE_ONLY_OLD,
    COMPARE_ONLY_NEW,
    COMPARE_VERDICTS
} compare_verdict;
extern const char *const compare_verdict_names[COMPARE_VERDICTS];

typedef struct compare_change {
    const result_row *before, *after; /* one may be NULL */
    compare_verdict verdict;
    /* Where both have values; 0 elsewhere: */
    estimate old, now;
    estimate quotient; /* now / old; with the others', 95 % sure */
    double p;          /* of the rank-sum test, of this row alone */
} compare_change;

/* Two columns of one file, round by round. */
typedef struct compare_pair {
    const result_row *first, *other;
    pair_figures figures;
} compare_pair;

typedef struct compare_report {
    const compare_options *options;
    result results[COMPARE_FILES]; /* old, new; the only one; or those to be merged */
    compare_change *changes;
    size_t change_count;
    compare_pair *pairs;
    size_t pair_count;
    double cutoff;                   /* of the pairs (pair.h) */
    size_t counts[COMPARE_VERDICTS]; /* of the changes */
    size_t compared;                 /* rows with values on both sides */
} compare_report;

/* Fills in changes or pairs from the results. 0 or -ENOMEM. */
int compare_judge(compare_report *r);
void compare_free(compare_report *r);

/* Writes the merged results, and the page. Returns the exit status: 0, or 2 after a message. */
int compare_merge(const compare_report *r);

/* The exit status: 0, 1: a row got slower (or failed), 2: there was nothing to judge by. */
int compare_status(const compare_report *r);

/* Each returns 0 or -errno. */
int compare_write(const compare_report *r, sheet_format format, FILE *out);
int compare_write_csv(const compare_report *r, FILE *out);
int compare_write_json(const compare_report *r, FILE *out);

#endif
