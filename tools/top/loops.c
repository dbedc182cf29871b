/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "loops.h"

#include <stdlib.h>
#include <tools/shared/output.h>
#include <tools/shared/speed_up.h>
#include <tools/shared/units.h>

enum { FIGURE = 24 };

loop_rates loop_rates_of(const view *v, uint32_t row)
{
    return (loop_rates){.calls = view_rate(v, "loops", row, "calls"),
                        .helped = view_rate(v, "loops", row, "helped"),
                        .time = view_rate(v, "loops", row, "time_ns"),
                        .serial = view_rate(v, "loops", row, "serial_ns")};
}

/* ---- Order ---- */

typedef struct place {
    uint32_t row;
    uint64_t time;
} place;

/* The larger sum first; equal ones by row. */
static int compare(const void *one, const void *other)
{
    const place *a = one, *b = other;
    return a->time != b->time ? (a->time < b->time ? 1 : -1)
                              : (a->row > b->row) - (a->row < b->row);
}

/* The rows in use, in order, for free(). NULL: there are none, or no memory. */
static place *rows_in_order(const page_table *loops, uint32_t *count)
{
    place *order = calloc(loops->rows + 1, sizeof *order);
    *count = 0;
    for (uint32_t row = 0; order && row < loops->rows; row++)
        if (page_number(loops, row, "calls"))
            order[(*count)++] = (place){row, page_number(loops, row, "time_ns")};
    if (*count)
        qsort(order, *count, sizeof *order, compare);
    return order;
}

/* ---- Lines ---- */

/* A power of two; 0: of all other sites. */
static const char *iterations_text(uint64_t iterations, char text[FIGURE])
{
    if (iterations)
        snprintf(text, FIGURE, "2^%d", 63 - __builtin_clzll(iterations));
    else
        snprintf(text, FIGURE, "-");
    return text;
}

static const char *mean_text(double ns, double calls, char text[FIGURE])
{
    if (calls > 0)
        return time_text(ns / calls / 1e9, text, FIGURE);
    snprintf(text, FIGURE, "-");
    return text;
}

static const char *helped_text(const loop_rates *r, char text[FIGURE])
{
    if (r->calls > 0)
        snprintf(text, FIGURE, "%.0f %%", 100 * r->helped / r->calls);
    else
        snprintf(text, FIGURE, "-");
    return text;
}

static const char *calls_text(const view *v, double rate, char text[FIGURE])
{
    if (view_has_rates(v))
        return count_text(rate < 1000 ? (double)(long)(rate + 0.5) : rate, text, FIGURE);
    snprintf(text, FIGURE, "-");
    return text;
}

static void write_loop(const view *v, const page_table *loops, uint32_t row, FILE *out)
{
    char plain[PLAIN_MOST], power[FIGURE], calls[FIGURE], helped[FIGURE], time[FIGURE],
        serial[FIGURE], gain[FIGURE];
    const char *name = page_text(loops, row, "name");
    const loop_rates r = loop_rates_of(v, row);
    fprintf(out, "%-14.14s %4s %7s %6s %7s %7s %9s\n",
            plain_text(name ? name : "-", plain, sizeof plain),
            iterations_text(page_number(loops, row, "iterations"), power),
            calls_text(v, r.calls, calls), helped_text(&r, helped),
            mean_text(r.time, r.calls, time), mean_text(r.serial, r.calls, serial),
            speed_up_text(r.time, r.serial, gain, sizeof gain));
}

void loops_write(const view *v, FILE *out)
{
    page_table loops = page_table_of(&v->now, "loops");
    uint32_t count;
    place *order = rows_in_order(&loops, &count);
    if (count)
        fprintf(out, "\n%-14s %4s %7s %6s %7s %7s %9s\n", "loop", "n", "calls/s", "helped", "time",
                "serial", "speed-up");
    for (uint32_t i = 0; i < count; i++)
        write_loop(v, &loops, order[i].row, out);
    free(order);
}
