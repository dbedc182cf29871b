/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/share/page.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <sched/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The layout ---- */

static fl_page_header *head(const fl_page *page)
{
    return (fl_page_header *)(void *)page->map;
}

static fl_page_table *tables(const fl_page *page)
{
    return (fl_page_table *)(void *)(page->map + sizeof(fl_page_header));
}

fl_page_column fl_page_column_of(const char *name, enum fl_page_kind kind)
{
    fl_page_column column = {.kind = kind};
    snprintf(column.name, sizeof column.name, "%s", name);
    return column;
}

/* Where the parts lie. Returns the size of the page. */
static uint64_t lay_out(const fl_page_plan *plans, unsigned count, fl_page_table *out)
{
    uint64_t at = sizeof(fl_page_header) + FL_PAGE_TABLES * sizeof(fl_page_table);
    for (unsigned i = 0; i < count; i++) {
        out[i] = (fl_page_table){.rows = plans[i].rows, .columns = plans[i].columns};
        snprintf(out[i].name, sizeof out[i].name, "%s", plans[i].name);
        out[i].columns_at = at;
        at += plans[i].columns * sizeof(fl_page_column);
        out[i].cells_at = at;
        at += (uint64_t)plans[i].rows * plans[i].columns * sizeof(filch_u64);
    }
    return at + FL_PAGE_TEXTS;
}

static void describe(fl_page *page, const fl_page_plan *plans, unsigned count,
                     const fl_page_table *laid)
{
    for (unsigned i = 0; i < count; i++) {
        fl_page_column *column = (fl_page_column *)(void *)(page->map + laid[i].columns_at);
        for (uint32_t k = 0; k < plans[i].columns; k++)
            column[k] = plans[i].describe(k);
    }
    memcpy(tables(page), laid, count * sizeof *laid);
}

static void read_program(char program[FL_PAGE_PROGRAM])
{
    ssize_t length = readlink("/proc/self/exe", program, FL_PAGE_PROGRAM - 1);
    program[length > 0 ? length : 0] = '\0';
}

static void fill_head(fl_page *page, unsigned count, uint32_t runtime)
{
    fl_page_header *header = head(page);
    *header = (fl_page_header){.order = FL_PAGE_ORDER,
                               .version = FL_PAGE_VERSION,
                               .size = page->size,
                               .process = (uint64_t)getpid(),
                               .runtime = runtime,
                               .tables = count,
                               .tables_at = sizeof *header,
                               .texts_at = page->size - FL_PAGE_TEXTS,
                               .texts_size = FL_PAGE_TEXTS,
                               .began_ns = fl_now()};
    read_program(header->program);
    memcpy(header->magic, FL_PAGE_MAGIC, sizeof header->magic);
}

/* ---- The file ---- */

static int refuse(fl_page *page, const char *what)
{
    int code = errno;
    if (page->fd >= 0)
        close(page->fd);
    return fl_fail(
        code,
        "cannot %s the statistics page of %zu bytes: %s; raise the limits of memory and of "
        "open files, or unset FILCH_SHARE",
        what, page->size, strerror(code));
}

/* The bytes are reserved, so that a store cannot fail; a child of fork() has no part in it. */
static int map_file(fl_page *page)
{
    page->fd = memfd_create(FL_PAGE_FILE, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (page->fd < 0)
        return refuse(page, "create");
    errno = posix_fallocate(page->fd, 0, (off_t)page->size);
    if (errno || fchmod(page->fd, 0600) ||
        fcntl(page->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return refuse(page, "reserve");
    page->map = mmap(NULL, page->size, PROT_READ | PROT_WRITE, MAP_SHARED, page->fd, 0);
    if (page->map == MAP_FAILED)
        return refuse(page, "map");
    madvise(page->map, page->size, MADV_DONTFORK);
    return 0;
}

int fl_page_create(fl_page *page, const fl_page_plan *plans, unsigned count, uint32_t runtime)
{
    fl_page_table laid[FL_PAGE_TABLES];
    FL_ASSERT(count <= FL_PAGE_TABLES);
    *page = (fl_page){.size = lay_out(plans, count, laid), .texts_used = 1};
    int rc = map_file(page);
    if (rc)
        return rc;
    describe(page, plans, count, laid);
    fill_head(page, count, runtime);
    return 0;
}

void fl_page_destroy(fl_page *page)
{
    munmap(page->map, page->size);
    close(page->fd);
}

/* ---- Cells ---- */

static filch_u64 *cell_at(const fl_page *page, unsigned table, uint32_t row, uint32_t column)
{
    const fl_page_table *of = &tables(page)[table];
    FL_ASSERT(row < of->rows && column < of->columns);
    filch_u64 *cell = (filch_u64 *)(void *)(page->map + of->cells_at);
    return cell + (size_t)row * of->columns + column;
}

void fl_page_set(fl_page *page, unsigned table, uint32_t row, uint32_t column, uint64_t value)
{
    filch_u64 *cell = cell_at(page, table, row, column);
    filch_u64_store(cell, value, FILCH_RELAXED); /* a number of its own */
}

/* The place of a text among the texts; 0: there is no room for it. */
static uint64_t place_of(fl_page *page, const char *text)
{
    char *texts = page->map + page->size - FL_PAGE_TEXTS;
    size_t length = strnlen(text, FL_PAGE_TEXT - 1);
    for (uint64_t at = 1; at < page->texts_used; at += strlen(texts + at) + 1)
        if (strncmp(texts + at, text, length) == 0 && !texts[at + length])
            return at;
    uint64_t at = page->texts_used;
    if (at + length + 1 > FL_PAGE_TEXTS)
        return 0;
    memcpy(texts + at, text, length); /* a NUL stands behind it already */
    page->texts_used += length + 1;
    return at;
}

void fl_page_set_text(fl_page *page, unsigned table, uint32_t row, uint32_t column,
                      const char *text)
{
    filch_u64 *cell = cell_at(page, table, row, column);
    uint64_t place = text && *text ? place_of(page, text) : 0;
    filch_u64_store(cell, place, FILCH_RELEASE); /* PublishCell */
}

void fl_page_published(fl_page *page)
{
    fl_page_header *header = head(page);
    /* relaxed: both are numbers of their own */
    uint64_t published = filch_u64_load(&header->published, FILCH_RELAXED) + 1;
    filch_u64_store(&header->when, (uint64_t)fl_now(), FILCH_RELAXED); /* as above */
    filch_u64_store(&header->published, published, FILCH_RELEASE);     /* PublishPage */
}
