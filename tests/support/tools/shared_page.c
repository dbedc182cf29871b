/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/test.h>
#include <tests/support/tools.h>

filch_runtime *shared_runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config, .workers = workers, .share = 1};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

bool shared_is_there(top_page *page, uint32_t runtime, unsigned runtimes)
{
    char error[PAGE_ERROR];
    if (!page_open(page, getpid(), runtime, error))
        return false;
    if (page->runtimes == runtimes)
        return true;
    page_close(page);
    return false;
}

static uint64_t shared_publications(const top_page *page)
{
    return fl_page_publications((const fl_page_header *)(const void *)page->map);
}

page_reading shared_read(const top_page *page)
{
    page_reading reading;
    char error[PAGE_ERROR] = "";
    uint64_t before = shared_publications(page);
    WAIT_WHILE(shared_publications(page) < before + 2);
    cr_assert(page_read(&reading, page->map, page->size, error), "%s", error);
    return reading;
}

uint64_t shared_number(const page_reading *reading, const char *table, uint32_t row,
                       const char *column)
{
    page_table of = page_table_of(reading, table);
    cr_assert_lt(page_column(&of, column), of.columns, "%s.%s", table, column);
    return page_number(&of, row, column);
}

const char *shared_text(const page_reading *reading, const char *table, uint32_t row,
                        const char *column)
{
    page_table of = page_table_of(reading, table);
    const char *text = page_text(&of, row, column);
    return text ? text : "";
}
