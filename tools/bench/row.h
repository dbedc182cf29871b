/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A cell as the texts of a table's row. */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include "bench.h"

enum { ROW_FIGURES = 8, ROW_TEXT = 32, ROW_NAME = 64 };

typedef struct row_head {
    const char *name;
    int width;
} row_head;
/* The most important first: a narrow table ends earlier. */
extern const row_head row_heads[ROW_FIGURES];

typedef struct table_row {
    char name[ROW_NAME]; /* "work stealing (chase-lev)" */
    char workers[ROW_TEXT];
    char figures[ROW_FIGURES][ROW_TEXT]; /* "": does not apply */
    unsigned noise;
    const char *error; /* NULL: it has figures */
} table_row;

void row_of(const report *r, const block *b, const cell *c, table_row *out);

/* "fib(30) = 832040, 1346268 tasks"; without an answer: "fib(30): failed". */
void row_write_title(const block *b, FILE *out);

#endif
