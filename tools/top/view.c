/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "view.h"

#include <string.h>

/* ---- Readings ---- */

static uint64_t publications(const page_reading *reading)
{
    return fl_page_publications(page_header(reading));
}

bool view_read(view *v, char error[PAGE_ERROR])
{
    page_reading fresh;
    if (!page_read(&fresh, v->page->map, v->page->size, error))
        return false;
    bool is_new = !v->now.bytes || publications(&fresh) != publications(&v->now);
    v->idle = is_new ? 0 : v->idle + 1;
    page_reading_free(is_new ? &v->before : &fresh);
    if (is_new) {
        v->before = v->now;
        v->now = fresh;
    }
    return true;
}

void view_free(view *v)
{
    page_reading_free(&v->before);
    page_reading_free(&v->now);
}

/* ---- Rates ---- */

static uint64_t word_of(const filch_u64 *word)
{
    return filch_u64_load(word, FILCH_RELAXED); /* of a copy that nobody changes */
}

double view_seconds(const view *v)
{
    if (!v->before.bytes)
        return 0;
    uint64_t before = word_of(&page_header(&v->before)->when);
    uint64_t now = word_of(&page_header(&v->now)->when);
    return now > before ? (double)(now - before) / 1e9 : 0;
}

bool view_has_rates(const view *v)
{
    return view_seconds(v) > 0;
}

/* A row of the table of pools may have gone to another pool. */
static bool is_same_row(const page_table *before, const page_table *now, uint32_t row)
{
    return page_number(before, row, "id") == page_number(now, row, "id");
}

double view_rate(const view *v, const char *table, uint32_t row, const char *column)
{
    if (!view_has_rates(v))
        return 0;
    page_table before = page_table_of(&v->before, table), now = page_table_of(&v->now, table);
    uint64_t was = page_number(&before, row, column), is = page_number(&now, row, column);
    return is > was && is_same_row(&before, &now, row) ? (double)(is - was) / view_seconds(v) : 0;
}

const char *view_order_name(enum view_order order)
{
    static const char *const names[VIEW_ORDERS] = {"number", "work", "steals", "ready"};
    return names[order];
}
