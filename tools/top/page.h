/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reads the statistics page (runtime/share/page.h) of another process: finds it, copies it, checks
 * the copy. The page may be damaged, or be no page at all: no place in it is used unchecked. */
#ifndef TOP_PAGE_H
#define TOP_PAGE_H

#include <runtime/share/page.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PAGE_ERROR = 512,
    PAGE_RUNTIMES = 64,
    PAGE_MOST = 1 << 24 /* bytes; 1,024 workers need 1/2 MiB */
};

/* An open page. */
typedef struct top_page {
    long process;
    const char *map;
    size_t size;
    uint64_t started;                /* the process, in the kernel's ticks */
    bool is_same_space;              /* it numbers threads as this process does */
    uint32_t runtime[PAGE_RUNTIMES]; /* the shared ones, ascending; the first ones */
    unsigned runtimes;
} top_page;

/* Opens the page of that runtime of the process; 0: of its first. false: the reason is in error. */
bool page_open(top_page *out, long process, uint32_t runtime, char error[PAGE_ERROR]);
void page_close(top_page *page);
/* Does the process still run? */
bool page_is_alive(const top_page *page);
/* Is this the text of a page? false: the reason is in error. */
bool page_check(const void *bytes, size_t size, char error[PAGE_ERROR]);

/* ---- A reading: the page at a moment ---- */

typedef struct page_reading {
    char *bytes; /* a copy; NULL: none */
    size_t size;
} page_reading;

/* Copies a page, and checks the copy: its process may change the page at any time. false: the
 * reason is in error, and out is empty. */
bool page_read(page_reading *out, const void *bytes, size_t size, char error[PAGE_ERROR]);
void page_reading_free(page_reading *reading);
const fl_page_header *page_header(const page_reading *reading);

/* A table of a reading; rows 0: it has none of that name. */
typedef struct page_table {
    const page_reading *reading;
    const fl_page_column *column;
    const uint64_t *cells;
    uint32_t rows, columns;
} page_table;

page_table page_table_of(const page_reading *reading, const char *name);
/* The number of that column; columns: there is none. */
uint32_t page_column(const page_table *table, const char *name);
/* 0: there is no such cell. */
uint64_t page_number(const page_table *table, uint32_t row, const char *column);
/* NULL: none. */
const char *page_text(const page_table *table, uint32_t row, const char *column);
const char *page_text_at(const page_table *table, uint32_t row, uint32_t column);

#endif
