/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rows of results: columns are described once, and the same cells become aligned text, CSV, Markdown, HTML or JSON.
 * People get figures with units (units.h), programs get bare numbers. */
#ifndef SHARED_SHEET_H
#define SHARED_SHEET_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { SHEET_MOST = 64 }; /* columns */

typedef enum sheet_format {
    SHEET_TEXT,
    SHEET_CSV, /* RFC 4180 */
    SHEET_MARKDOWN,
    SHEET_JSON, /* objects, by Jansson */
    SHEET_HTML
} sheet_format;

typedef struct sheet_column {
    char name[32];
    char kind;
    int width, decimals;
} sheet_column;

typedef struct sheet_cell {
    const char *text; /* where it is not NULL, it stands in place of the number */
    double number;    /* NAN: nothing is known */
    bool mark;        /* people see a star beside it */
    enum { SHEET_USUAL, SHEET_BOLD, SHEET_BAD, SHEET_GOOD } tone; /* on a terminal */
} sheet_cell;

typedef struct sheet {
    sheet_column columns[SHEET_MOST];
    size_t first, count; /* columns before the first are left out, with their cells */
    sheet_format format;
    FILE *out;
    int indent;          /* of text */
    struct json_t *rows; /* an array that JSON is added to */
} sheet;

/* Begins a sheet. columns: "name:-20s,time:9t,speed-up:8f2", of each the name, the least width in text (negative: aligned
 * left), the kind of its cells, and decimals.
 *
 *   s  a text from outside; an aligned one is cut at its width     t  seconds: "12.3 ms"
 *   w  a text of ours: CSV needs no quotes                         c  a count: "12.3 k"
 *   n  a whole number                                              %  a share of 1, as per cent
 *   f  a number; without decimals, three digits, in files nine     b  yes or no */
void sheet_begin(sheet *s, sheet_format format, const char *columns, FILE *out);
/* Begins a text: an empty line and the heading are written. */
void sheet_open(sheet *s, const char *columns, FILE *out);
/* One more column. */
void sheet_add(sheet *s, const char *name, int width, char kind, int decimals);

void sheet_head(const sheet *s);
/* Cells that a row lacks are empty; more than there are columns are left out. */
void sheet_row(const sheet *s, const sheet_cell *cells, size_t count);
void sheet_foot(const sheet *s);

/* A cell of a text or of a number. */
#define CELL(of)                                                                                   \
    _Generic((of), char * : sheet_text, const char * : sheet_text, default : sheet_number)(of)
#define CELL_NS(of) sheet_number((double)(of) / 1e9)
static inline sheet_cell sheet_text(const char *text)
{
    return (sheet_cell){.text = text};
}
static inline sheet_cell sheet_number(double number)
{
    return (sheet_cell){.number = number};
}

/* A row of these cells. */
#define SHEET_ROW(sheet, ...)                                                                      \
    sheet_row(sheet, (const sheet_cell[]){__VA_ARGS__},                                            \
              sizeof((const sheet_cell[]){__VA_ARGS__}) / sizeof(sheet_cell))

/* Widens columns to the texts of a row. */
void sheet_fit(sheet *s, const sheet_cell *cells, size_t count);

/* The lines that `write` writes: a list, or as text broken to the width of the terminal. */
typedef void sheet_writer(const void *what, FILE *out);
void sheet_lines(sheet_format format, sheet_writer *write, const void *what, FILE *out);

/* A text in which Markdown finds nothing to format, without line breaks. */
void sheet_markdown(const char *text, FILE *out);

#endif
