/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A view as JSON: each column of the page under its own name, and the growth of counts per second
 * under "rates". docs/observe.md describes it. */
#include "loops.h"
#include "process.h"
#include "view.h"

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>
#include <tools/shared/facts.h>

static json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    return value ? value : json_null(); /* a text cut within a letter is no UTF-8 */
}

/* All columns of a row. */
static json_t *row_of(const view *v, const char *table, uint32_t row)
{
    page_table t = page_table_of(&v->now, table);
    json_t *out = json_object(), *rates = json_object();
    for (uint32_t i = 0; i < t.columns; i++) {
        const fl_page_column *column = &t.column[i];
        json_object_set_new(out, column->name,
                            column->kind == FL_PAGE_NAMED
                                ? text_or_null(page_text_at(&t, row, i))
                                : json_integer((json_int_t)page_number(&t, row, column->name)));
        if (column->kind == FL_PAGE_COUNT)
            json_object_set_new(rates, column->name,
                                json_real(view_rate(v, table, row, column->name)));
    }
    json_object_set_new(out, "rates", rates);
    return out;
}

static json_t *stolen_by(const view *v, uint32_t thief)
{
    page_table t = page_table_of(&v->now, "steals");
    json_t *list = json_array();
    for (uint32_t victim = 0; victim < t.columns && thief < t.rows; victim++) {
        const char *name = t.column[victim].name;
        uint64_t items = page_number(&t, thief, name);
        if (items)
            json_array_append_new(list, json_pack("{s:i, s:I, s:f}", "worker", (int)victim, "items",
                                                  (json_int_t)items, "rate",
                                                  view_rate(v, "steals", thief, name)));
    }
    return list;
}

static json_t *worker_of(const view *v, const page_table *workers, uint32_t row)
{
    json_t *out = row_of(v, "workers", row);
    int cpu = v->page->is_same_space
                  ? process_cpu(v->page->process, page_number(workers, row, "thread"))
                  : -1;
    json_object_set_new(out, "worker", json_integer(row));
    json_object_set_new(out, "cpu", cpu < 0 ? json_null() : json_integer(cpu));
    json_object_set_new(out, "stolen_from", stolen_by(v, row));
    return out;
}

static json_t *workers_of(const view *v)
{
    page_table workers = page_table_of(&v->now, "workers");
    json_t *list = json_array();
    for (uint32_t row = 0; row < workers.rows && page_text(&workers, row, "state"); row++)
        json_array_append_new(list, worker_of(v, &workers, row));
    return list;
}

/* The rows in use: those whose column `used` is not 0. */
static json_t *rows_of(const view *v, const char *table, const char *used)
{
    page_table t = page_table_of(&v->now, table);
    json_t *list = json_array();
    for (uint32_t row = 0; row < t.rows; row++)
        if (page_number(&t, row, used))
            json_array_append_new(list, row_of(v, table, row));
    return list;
}

/* Those that were ever called, each with its speed-up between the readings; null: no call. */
static json_t *loops_of(const view *v)
{
    page_table t = page_table_of(&v->now, "loops");
    json_t *list = json_array();
    for (uint32_t row = 0; row < t.rows; row++) {
        if (!page_number(&t, row, "calls"))
            continue;
        const loop_rates r = loop_rates_of(v, row);
        json_t *loop = row_of(v, "loops", row);
        json_object_set_new(loop, "speed_up",
                            r.time > 0 ? json_real(r.serial / r.time) : json_null());
        json_array_append_new(list, loop);
    }
    return list;
}

static json_t *runtimes_of(const top_page *page)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < page->runtimes; i++)
        json_array_append_new(list, json_integer(page->runtime[i]));
    return list;
}

int view_write_json(const view *v, FILE *out)
{
    const fl_page_header *header = page_header(&v->now);
    page_table rt = page_table_of(&v->now, "runtime");
    bool is_counted = page_number(&rt, 0, "waits_counted");
    json_t *all =
        json_pack("{s:i, s:I, s:o, s:i, s:o, s:f, s:o, s:o, s:o, s:o, s:o}", "schema", 1, "process",
                  (json_int_t)v->page->process, "program", text_or_null(header->program), "runtime",
                  (int)header->runtime, "runtimes", runtimes_of(v->page), "seconds",
                  view_seconds(v), "total", row_of(v, "runtime", 0), "by_worker", workers_of(v),
                  "pools", rows_of(v, "pools", "id"), "loops", loops_of(v), "waits",
                  is_counted ? rows_of(v, "waits", "tasks") : json_null());
    const int status = facts_write(all, out) ? 2 : 0;
    if (status)
        fprintf(stderr, "filch top: the JSON text cannot be written; is memory or the disk full, "
                        "or the pipe closed?\n");
    return status;
}

#else

int view_write_json(const view *v, FILE *out)
{
    (void)v, (void)out;
    fprintf(stderr, "filch top: this build has no JSON; leave out --json, or install jansson's "
                    "headers and build again\n");
    return 2;
}

#endif
