/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The statistics page of a runtime: memory that it shares with `filch top`. The format, version 1,
 * and how a runtime makes and fills one.
 *
 * The page is a memory file (memfd_create) named FL_PAGE_FILE. A reader finds it among the files
 * of the process, /proc/PID/fd, which the kernel opens to the same user and to root. So there is
 * no folder to agree on, no name that another process could take, and nothing is left when the
 * process ends, however it ends. The file is sealed: it keeps its size, so neither side can get a
 * SIGBUS.
 *
 *   header | tables | columns and cells of each table | texts
 *
 * A table is rows and columns of words, its cells. Tables and columns have names: a reader asks
 * for the cell of ("workers", 3, "parks"), so it and the writer need not agree on an order, and
 * new columns need no new version. Numbers have the byte order of the processor.
 *
 * Each cell has one writer, the runtime's publisher (runtime/engine/observe/page_writer.h), and is read alone:
 * it is a number of its own, like the counter it is copied from. Cells that are read together are
 * of moments some microseconds apart. A cell of a text column holds the text's place among the
 * texts, 0: none. Texts are only ever added, so one that was seen stays as it is:
 *
 *   PublishCell: write the text; store its cell,    -> ReadCell: load the cell, acquire; the
 *      release                                         text is seen
 *   PublishPage: store `published`, release         -> ReadPage: load `published`, acquire; all
 *                                                      cells are at least that new
 * `published` is 0 until the page is complete. Neither side waits for the other, and neither
 * decides anything by what it reads. */
#ifndef FL_PAGE_H
#define FL_PAGE_H

#include <filch/atomic.h>

#include <stddef.h>
#include <stdint.h>

#define FL_PAGE_FILE "filch-page"
#define FL_PAGE_MAGIC "filchpag"
#define FL_PAGE_ORDER UINT32_C(0x01020304)

enum {
    FL_PAGE_VERSION = 1,
    FL_PAGE_TABLES = 8, /* the most */
    FL_PAGE_NAME = 24,  /* bytes of a name, NUL included */
    FL_PAGE_PROGRAM = 256,
    FL_PAGE_TEXTS = 1 << 15, /* bytes of all texts */
    FL_PAGE_TEXT = 80        /* of one; longer ones are cut */
};

enum fl_page_kind {
    FL_PAGE_COUNT, /* only grows */
    FL_PAGE_LEVEL, /* of the moment */
    FL_PAGE_NAMED, /* a text */
    FL_PAGE_KINDS
};

typedef struct fl_page_header {
    char magic[8];
    uint32_t order, version;
    uint64_t size;    /* bytes of the whole page */
    uint64_t process; /* its number, as it sees itself */
    uint32_t runtime; /* from 1 up among the shared ones of the process */
    uint32_t tables;
    uint64_t tables_at, texts_at, texts_size; /* bytes from the beginning */
    int64_t began_ns;                         /* monotonic, as `when` */
    filch_u64 published;                      /* times that all cells were written; 0: not ready */
    filch_u64 when;                           /* ns: the last of them */
    char program[FL_PAGE_PROGRAM];
} fl_page_header;

typedef struct fl_page_table {
    char name[FL_PAGE_NAME];
    uint32_t rows, columns;
    uint64_t columns_at, cells_at; /* bytes from the beginning; cells row by row */
} fl_page_table;

typedef struct fl_page_column {
    char name[FL_PAGE_NAME];
    uint64_t kind; /* enum fl_page_kind */
} fl_page_column;

/* A cell, by any thread or process. */
static inline uint64_t fl_page_read(const filch_u64 *cell)
{
    return filch_u64_load(cell, FILCH_ACQUIRE); /* ReadCell */
}

static inline uint64_t fl_page_publications(const fl_page_header *header)
{
    return filch_u64_load(&header->published, FILCH_ACQUIRE); /* ReadPage */
}

/* ---- The writer's side. One thread at a time ---- */

/* A table to be made. */
typedef struct fl_page_plan {
    const char *name;
    uint32_t rows, columns;
    fl_page_column (*describe)(uint32_t column);
} fl_page_plan;

typedef struct fl_page {
    int fd; /* open as long as the page is there: readers find it by this */
    char *map;
    size_t size;
    uint64_t texts_used; /* bytes */
} fl_page;

/* A column of that name, which is cut if it is long. */
fl_page_column fl_page_column_of(const char *name, enum fl_page_kind kind);
/* Makes a page of zero cells. Negative errno through fl_fail. */
int fl_page_create(fl_page *page, const fl_page_plan *plans, unsigned count, uint32_t runtime);
void fl_page_destroy(fl_page *page);
/* Of the table of that place among the plans. */
void fl_page_set(fl_page *page, unsigned table, uint32_t row, uint32_t column, uint64_t value);
/* NULL, or no room for one more: no text. */
void fl_page_set_text(fl_page *page, unsigned table, uint32_t row, uint32_t column,
                      const char *text);
/* All cells are of now. */
void fl_page_published(fl_page *page);

#endif
