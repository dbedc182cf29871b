/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "figures.h"

#include "view.h"

#include <stddef.h>
#include <tools/shared/units.h>

#define AT(field) offsetof(load_figures, field)

static const struct {
    const char *name, *label;
    char kind; /* n: a number, s: a time, r: a rate */
    size_t at;
} rows[] = {
    {"published", "published", 'n', AT(published)},
    {"publish_rate", "publish rate", 'r', AT(publish_rate)},
    {"failed", "failed", 'n', AT(failed)},
    {"processed", "processed", 'n', AT(processed)},
    {"rate", "process rate", 'r', AT(rate)},
    {"p50", "p50", 's', AT(latency.p50)},
    {"p99", "p99", 's', AT(latency.p99)},
    {"p99_9", "p99.9", 's', AT(latency.p999)},
    {"duplicates", "duplicates", 'n', AT(duplicates)},
    {"lost", "lost", 'n', AT(lost)},
    {"left", "left", 'n', AT(left)},
    {"dead", "dead", 'n', AT(dead)},
    {"seconds", "time", 's', AT(seconds)},
};
enum { ROWS = sizeof rows / sizeof *rows };

static double value_of(const load_figures *figures, int row)
{
    return *(const double *)(const void *)((const char *)figures + rows[row].at);
}

static int print_json(const jobs_options *o, const load_figures *figures)
{
    json_t *out = json_object();
    json_object_set_new(out, "queue", view_text(o->queue));
    for (int i = 0; i < ROWS; i++) {
        double value = value_of(figures, i);
        json_t *number = rows[i].kind == 'n' ? json_integer((json_int_t)value) : json_real(value);
        if (value < 0) {
            json_decref(number);
            number = json_null();
        }
        json_object_set_new(out, rows[i].name, number);
    }
    return view_print(o, out);
}

int load_figures_print(const jobs_options *o, const load_figures *figures)
{
    char text[32];
    if (o->json)
        return print_json(o, figures);
    for (int i = 0; i < ROWS; i++) {
        double value = value_of(figures, i);
        if (value < 0)
            continue;
        if (rows[i].kind == 's')
            time_text(value, text, sizeof text);
        else if (rows[i].kind == 'r')
            count_text(value, text, sizeof text);
        else
            snprintf(text, sizeof text, "%.0f", value);
        printf("%-13s %s%s\n", rows[i].label, text, rows[i].kind == 'r' ? " a second" : "");
    }
    return 0;
}
