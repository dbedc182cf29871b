/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checking, copying, and asking. */
#include "page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Checks ---- */

__attribute__((format(printf, 2, 3))) static bool refuse(char error[PAGE_ERROR], const char *format,
                                                         ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, PAGE_ERROR, format, arguments);
    va_end(arguments);
    return false;
}

/* `count` things of `each` bytes at that place, before `end`. */
static bool fits(uint64_t at, uint64_t count, uint64_t each, uint64_t end)
{
    return at % sizeof(uint64_t) == 0 && at <= end && count <= (end - at) / each;
}

static bool is_ended(const char *name, size_t size)
{
    return memchr(name, '\0', size) != NULL;
}

static bool check_columns(const char *bytes, const fl_page_table *table)
{
    const fl_page_column *column =
        (const fl_page_column *)(const void *)(bytes + table->columns_at);
    for (uint32_t i = 0; i < table->columns; i++)
        if (!is_ended(column[i].name, sizeof column[i].name) || column[i].kind >= FL_PAGE_KINDS)
            return false;
    return true;
}

static bool check_tables(const char *bytes, const fl_page_header *header)
{
    const fl_page_table *table = (const fl_page_table *)(const void *)(bytes + header->tables_at);
    uint64_t end = header->texts_at;
    for (uint32_t i = 0; i < header->tables; i++, table++) {
        uint64_t cells = (uint64_t)table->rows * table->columns; /* of 32 bits each */
        if (!is_ended(table->name, sizeof table->name) ||
            !fits(table->columns_at, table->columns, sizeof(fl_page_column), end) ||
            !fits(table->cells_at, cells, sizeof(uint64_t), end) || !check_columns(bytes, table))
            return false;
    }
    return true;
}

bool page_check(const void *bytes, size_t size, char error[PAGE_ERROR])
{
    const fl_page_header *header = bytes;
    if (size < sizeof *header || memcmp(header->magic, FL_PAGE_MAGIC, sizeof header->magic) != 0)
        return refuse(error, "it is no statistics page of Filch");
    if (header->order != FL_PAGE_ORDER)
        return refuse(error, "it has the byte order of another processor");
    if (header->version != FL_PAGE_VERSION)
        return refuse(error, "its version is %u (valid: %d; use the filch of its release)",
                      header->version, FL_PAGE_VERSION);
    bool is_whole =
        header->size == size && is_ended(header->program, sizeof header->program) &&
        fits(header->texts_at, header->texts_size, 1, size) && header->texts_size &&
        header->texts_at + header->texts_size == size &&
        fits(header->tables_at, header->tables, sizeof(fl_page_table), header->texts_at);
    if (!is_whole || !check_tables(bytes, header))
        return refuse(error, "it is damaged");
    return true;
}

/* ---- Copies ---- */

void page_reading_free(page_reading *reading)
{
    free(reading->bytes);
    reading->bytes = NULL;
}

/* Word by word, the texts last, so that each text that a copied cell names is there (ReadCell). */
bool page_read(page_reading *out, const void *bytes, size_t size, char error[PAGE_ERROR])
{
    const filch_u64 *from = bytes;
    uint64_t *to = malloc(size);
    out->bytes = (char *)to;
    out->size = size;
    if (!to)
        return refuse(error, "no memory for a reading; free some");
    for (size_t i = 0; i < size / sizeof *to; i++)
        to[i] = fl_page_read(&from[i]);
    bool is_good = page_check(to, size / sizeof *to * sizeof *to, error);
    if (!is_good)
        page_reading_free(out);
    return is_good;
}

const fl_page_header *page_header(const page_reading *reading)
{
    return (const fl_page_header *)(const void *)reading->bytes;
}

/* ---- Questions ---- */

page_table page_table_of(const page_reading *reading, const char *name)
{
    const fl_page_header *header = page_header(reading);
    const fl_page_table *table =
        (const fl_page_table *)(const void *)(reading->bytes + header->tables_at);
    for (uint32_t i = 0; i < header->tables; i++, table++)
        if (strcmp(table->name, name) == 0)
            return (page_table){.reading = reading,
                                .column = (const fl_page_column *)(const void *)(reading->bytes +
                                                                                 table->columns_at),
                                .cells = (const uint64_t *)(const void *)(reading->bytes +
                                                                          table->cells_at),
                                .rows = table->rows,
                                .columns = table->columns};
    return (page_table){.reading = reading};
}

uint32_t page_column(const page_table *table, const char *name)
{
    uint32_t at = 0;
    while (at < table->columns && strcmp(table->column[at].name, name) != 0)
        at++;
    return at;
}

uint64_t page_number(const page_table *table, uint32_t row, const char *column)
{
    uint32_t at = page_column(table, column);
    return row < table->rows && at < table->columns
               ? table->cells[(size_t)row * table->columns + at]
               : 0;
}

const char *page_text_at(const page_table *table, uint32_t row, uint32_t column)
{
    const fl_page_header *header = page_header(table->reading);
    if (row >= table->rows || column >= table->columns)
        return NULL;
    uint64_t place = table->cells[(size_t)row * table->columns + column];
    const char *text = table->reading->bytes + header->texts_at + place;
    return place && place < header->texts_size && is_ended(text, header->texts_size - place) ? text
                                                                                             : NULL;
}

const char *page_text(const page_table *table, uint32_t row, const char *column)
{
    return page_text_at(table, row, page_column(table, column));
}
