/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_top_parts
 *
 * Damaged and foreign statistics pages are refused by name, and never read beyond their end. */
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/top/view.h>

/* A copy of a good page, which may have another size. */
static char *copy_of(const top_page *page, size_t size)
{
    char *bytes = calloc(1, size + 1);
    cr_assert_not_null(bytes);
    memcpy(bytes, page->map, size < page->size ? size : page->size);
    return bytes;
}

static filch_runtime *runtime;

static top_page open_page(void)
{
    top_page page;
    runtime = shared_runtime(2);
    WAIT_WHILE(!shared_is_there(&page, 0, 1));
    return page;
}

static void close_page(top_page *page)
{
    page_close(page);
    OK(filch_runtime_destroy(runtime));
}

#define OF_HEADER(field) offsetof(fl_page_header, field), sizeof(((fl_page_header *)0)->field)
#define OF_TABLE(field)                                                                            \
    sizeof(fl_page_header) + offsetof(fl_page_table, field), sizeof(((fl_page_table *)0)->field)

/* A word of the page that is overwritten, and what the reason says. */
static const struct damage {
    const char *name;
    size_t at, size;
    uint64_t value;
    const char *reason;
} damages[] = {
    {"magic", OF_HEADER(magic), 0, "no statistics page"},
    {"order", OF_HEADER(order), 0x04030201, "byte order"},
    {"version", OF_HEADER(version), 2, "version is 2 (valid: 1"},
    {"size", OF_HEADER(size), 8, "damaged"},
    {"tables", OF_HEADER(tables), UINT32_MAX, "damaged"},
    {"place of tables", OF_HEADER(tables_at), UINT64_MAX - 7, "damaged"},
    {"odd place of tables", OF_HEADER(tables_at), 4, "damaged"},
    {"place of texts", OF_HEADER(texts_at), UINT64_MAX - 7, "damaged"},
    {"no texts", OF_HEADER(texts_size), 0, "damaged"},
    {"size of texts", OF_HEADER(texts_size), UINT64_MAX, "damaged"},
    {"name of a table", OF_TABLE(name), 0x4141414141414141, "damaged"},
    {"rows", OF_TABLE(rows), UINT32_MAX, "damaged"},
    {"columns", OF_TABLE(columns), UINT32_MAX, "damaged"},
    {"place of columns", OF_TABLE(columns_at), UINT64_MAX - 7, "damaged"},
    {"place of cells", OF_TABLE(cells_at), UINT64_MAX - 7, "damaged"},
};

static void overwrite(char *bytes, const struct damage *damage)
{
    for (size_t i = 0; i < damage->size; i++)
        bytes[damage->at + i] = (char)(damage->value >> 8 * (i % 8));
}

Test(top_page, damaged_page_is_refused_with_reason)
{
    top_page page = open_page();
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char error[PAGE_ERROR] = "", *bytes = copy_of(&page, page.size);
        cr_assert(page_check(bytes, page.size, error), "%s", error);
        overwrite(bytes, &damages[i]);
        cr_expect_not(page_check(bytes, page.size, error), "%s", damages[i].name);
        cr_expect(strstr(error, damages[i].reason), "%s: %s", damages[i].name, error);
        free(bytes);
    }
    close_page(&page);
}

Test(top_page, page_of_other_length_is_refused)
{
    top_page page = open_page();
    for (size_t size = 0; size < page.size + 64; size += size < 4096 ? 8 : 1024) {
        char error[PAGE_ERROR], *bytes = copy_of(&page, size);
        cr_expect(size == page.size || !page_check(bytes, size, error), "%zu", size);
        free(bytes);
    }
    close_page(&page);
}

Test(top_page, later_damaged_page_is_not_read)
{
    top_page page = open_page();
    char error[PAGE_ERROR] = "", *bytes = copy_of(&page, page.size);
    page_reading reading;
    overwrite(bytes, &damages[sizeof damages / sizeof *damages - 1]);
    cr_expect_not(page_read(&reading, bytes, page.size, error));
    cr_expect(strstr(error, "damaged"), "%s", error);
    cr_expect_null(reading.bytes);
    free(bytes);
    close_page(&page);
}

Test(top_page, text_outside_section_is_null)
{
    top_page page = open_page();
    page_reading reading = shared_read(&page);
    page_table runtimes = page_table_of(&reading, "runtime");
    uint32_t policy = page_column(&runtimes, "policy");
    cr_assert_str_eq(page_text(&runtimes, 0, "policy"), "random");
    static const uint64_t places[] = {0, FL_PAGE_TEXTS, UINT64_MAX};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy((void *)(uintptr_t)&runtimes.cells[policy], &places[i], sizeof places[i]);
        cr_expect_null(page_text(&runtimes, 0, "policy"), "%zu", i);
    }
    cr_expect_null(page_text(&runtimes, 1, "policy"));
    cr_expect_null(page_text(&runtimes, 0, "nonsense"));
    cr_expect_eq(page_number(&runtimes, 0, "nonsense"), 0);
    page_table none = page_table_of(&reading, "nonsense");
    cr_expect_eq(none.rows, 0);
    cr_expect_eq(page_number(&none, 0, "workers"), 0);
    page_reading_free(&reading);
    close_page(&page);
}

/* Any byte of the head and the tables may be anything: the check answers, and a page that it lets
 * pass can be read whole. */
Test(top_page, changed_byte_never_leads_outside_page)
{
    enum { CHANGED = 8 };
    top_page page = open_page();
    size_t tables = sizeof(fl_page_header) + FL_PAGE_TABLES * sizeof(fl_page_table);
    for (size_t at = 0; at < tables; at++)
        for (unsigned bit = 0; bit < CHANGED; bit++) {
            char error[PAGE_ERROR], *bytes = copy_of(&page, page.size);
            page_reading reading = {.bytes = bytes, .size = page.size};
            bytes[at] ^= (char)(1 << bit);
            page_table workers = {0};
            if (page_check(bytes, page.size, error))
                workers = page_table_of(&reading, "workers");
            for (uint32_t row = 0; row < workers.rows && row < 4; row++)
                for (uint32_t column = 0; column < workers.columns; column++) {
                    page_number(&workers, row, workers.column[column].name);
                    page_text_at(&workers, row, column);
                }
            page_reading_free(&reading);
        }
    close_page(&page);
}

static void set_number(const page_reading *reading, const char *column, uint64_t value)
{
    page_table runtimes = page_table_of(reading, "runtime");
    memcpy((void *)(uintptr_t)&runtimes.cells[page_column(&runtimes, column)], &value,
           sizeof value);
}

/* A second of three workers that did different things, two of which have left. */
Test(top_page, shares_after_a_resize_add_up)
{
    static const char *const doings[] = {"work_ns", "search_ns", "sleep_ns"};
    top_page page = open_page();
    view v = {.page = &page, .before = shared_read(&page), .now = shared_read(&page)};
    for (size_t i = 0; i < sizeof doings / sizeof *doings; i++) {
        set_number(&v.before, doings[i], 0);
        set_number(&v.now, doings[i], FILCH_SECOND);
    }
    set_number(&v.now, "workers", 1);
    filch_u64_store((filch_u64 *)(uintptr_t)&page_header(&v.now)->when,
                    filch_u64_load(&page_header(&v.before)->when, FILCH_RELAXED) + FILCH_SECOND,
                    FILCH_RELAXED);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    view_write(&v, 0, out);
    fclose(out);
    cr_expect(strstr(text, "working 33 %  searching 33 %  asleep 33 %\n"), "%s", text);
    free(text);
    view_free(&v);
    close_page(&page);
}
