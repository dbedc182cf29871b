/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A cell as the texts of a table's row. */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include "bench.h"

#include <tools/shared/sheet.h>

enum { ROW_TIME = 3, ROW_COLUMNS = 11, ROW_TEXT = 32, ROW_NAME = 64 };

/* Kernel, column, workers; then figures, the most important first: a narrow table ends earlier. */
extern const char row_columns[];

typedef struct table_row {
    sheet_cell cells[ROW_COLUMNS]; /* of these texts */
    size_t count;
    char name[ROW_NAME]; /* "work stealing (chase-lev)" */
    char workers[ROW_TEXT], interval[ROW_TEXT], over_serial[ROW_TEXT], speed_up[ROW_TEXT];
    char failed[sizeof((cell *)0)->error + 16];
} table_row;

void row_of(const report *r, const block *b, const cell *c, table_row *out);

/* "fib(30) = 832040, 1346268 tasks"; without an answer: "fib(30): failed". */
void row_write_title(const block *b, FILE *out);

#endif
