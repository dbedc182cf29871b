/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The result file: docs/tune-schema.json says what stands where. */
#include "tune.h"

#include <errno.h>
#include <tools/shared/facts.h>

#ifdef FILCH_HAVE_JANSSON
#include <string.h>

const bool tune_has_json = true;

/* A number of a sample, and its name in the file. */
typedef struct field {
    const char *name;
    size_t at;
} field;

#define FIELD(type, name)                                                                          \
    {                                                                                              \
#name, offsetof(type, name)                                                                \
    }

static const field width_fields[] = {
    FIELD(width_sample, jobs),        FIELD(width_sample, seconds), FIELD(width_sample, together),
    FIELD(width_sample, cpu_seconds), FIELD(width_sample, waited),  {NULL, 0},
};
static const field queue_fields[] = {
    FIELD(queue_sample, offered),
    FIELD(queue_sample, accepted),
    FIELD(queue_sample, rejected),
    FIELD(queue_sample, seconds),
    FIELD(queue_sample, in_system),
    FIELD(queue_sample, arrivals),
    FIELD(queue_sample, seconds_in),
    FIELD(queue_sample, by_little),
    FIELD(queue_sample, service),
    FIELD(queue_sample, wait_50),
    FIELD(queue_sample, wait_99),
    FIELD(queue_sample, late_99),
    {NULL, 0},
};
static const field way_fields[] = {
    FIELD(way_sample, seconds),  FIELD(way_sample, peak_mib),  FIELD(way_sample, threads),
    FIELD(way_sample, failures), FIELD(way_sample, held_back), {NULL, 0},
};

static json_t *sample_object(const void *sample, const field *fields)
{
    json_t *o = json_object();
    for (; fields->name; fields++) {
        double value;
        memcpy(&value, (const char *)sample + fields->at, sizeof value);
        json_object_set_new(o, fields->name, json_real(value));
    }
    return o;
}

static json_t *spread_object(spread s)
{
    return json_pack("{s:f, s:f, s:f}", "median", s.median, "min", s.min, "max", s.max);
}

/* Common to all cells: samples, the share of other programs, and the failure if there was one. */
static void set_samples(json_t *cell, const apart_facts *facts, const void *samples, int count,
                        size_t size, const field *fields)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list,
                              sample_object((const char *)samples + (size_t)i * size, fields));
    json_object_set_new(cell, "samples", list);
    json_object_set_new(cell, "other_share", json_real(apart_other_share(facts)));
    if (*facts->error)
        json_object_set_new(cell, "error", facts_text(facts->error));
}

static json_t *width_object(const width_report *w)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < w->count; i++) {
        const width_cell *c = &w->cells[i];
        json_t *o =
            json_pack("{s:i, s:i, s:o, s:o, s:f}", "width", (int)c->width, "threads",
                      (int)c->threads, "throughput", spread_object(c->throughput), "speed_up",
                      spread_object(c->speed_up), "fitted",
                      amdahl_speed_up(w->fit.serial, c->width < w->fills ? c->width : w->fills));
        set_samples(o, &c->facts, c->samples, c->count, sizeof c->samples[0], width_fields);
        json_array_append_new(cells, o);
    }
    return json_pack("{s:i, s:b, s:s, s:f, s:f, s:f, s:f, s:o}", "recommended",
                     (int)w->cells[w->recommended].width, "grows", w->grows, "kind",
                     load_kind_names[w->kind], "busy", w->busy, "fills", w->fills, "serial",
                     w->fit.serial, "residual", w->fit.residual, "widths", cells);
}

static json_t *queue_object(const queue_report *q)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < q->count; i++) {
        const queue_cell *c = &q->cells[i];
        json_t *o =
            json_pack("{s:i, s:f, s:o, s:o, s:f, s:f, s:o}", "capacity", (int)c->capacity, "share",
                      c->share, "rejected", spread_object(c->rejected), "seconds_in",
                      spread_object(c->seconds_in), "wait_50", c->median.wait_50, "wait_99",
                      c->median.wait_99, "little", spread_object(c->little));
        set_samples(o, &c->facts, c->samples, c->count, sizeof c->samples[0], queue_fields);
        json_array_append_new(cells, o);
    }
    json_t *recommended =
        q->recommended < q->count ? json_integer(q->cells[q->recommended].capacity) : json_null();
    return json_pack("{s:o, s:i, s:f, s:f, s:o}", "recommended", recommended, "width",
                     (int)q->width, "rate", q->rate, "load", q->load, "capacities", cells);
}

static json_t *ways_object(const ways_report *w, unsigned most_threads)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < WAYS; i++) {
        const way_cell *c = &w->cells[i];
        json_t *o =
            json_pack("{s:s, s:s, s:o, s:o, s:f, s:f, s:f}", "way", c->name, "what", c->what,
                      "seconds", spread_object(c->seconds), "peak_mib", spread_object(c->peak_mib),
                      "threads", c->threads, "failures", c->failures, "held_back", c->held_back);
        set_samples(o, &c->facts, c->samples, c->count, sizeof c->samples[0], way_fields);
        json_array_append_new(cells, o);
    }
    return json_pack("{s:i, s:i, s:i, s:i, s:o}", "jobs", (int)w->jobs, "width", (int)w->width,
                     "capacity", (int)w->capacity, "most_threads", (int)most_threads, "ways",
                     cells);
}

static json_t *load_object(const tune_load *l)
{
    return json_pack("{s:s, s:f, s:f, s:f}", "name", l->name, "cpu_seconds", (double)l->cpu * 1e-9,
                     "wait_seconds", (double)l->wait * 1e-9, "serial", l->serial);
}

static void write_advice(const void *what, FILE *out)
{
    tune_write_advice(what, out);
}

int tune_write_json(const tune_report *r, FILE *out)
{
    const tune_options *o = r->options;
    json_t *whole =
        json_pack("{s:i, s:o, s:f, s:o, s:o, s:i, s:o, s:o, s:o, s:{s:f, s:f, s:f}}", "schema", 1,
                  "ended", facts_now(), "seconds", r->seconds, "command",
                  facts_command(o->argc, o->argv), "machine", facts_machine(o->runtime), "cores",
                  (int)o->cores, "build", facts_build(), "load", load_object(&o->load), "advice",
                  facts_lines(write_advice, r), "noise", "median", r->noise_median, "most",
                  r->noise_most, "other_share", r->other);
    if (whole && r->width.count)
        json_object_set_new(whole, "width", width_object(&r->width));
    if (whole && r->queue.count)
        json_object_set_new(whole, "queue", queue_object(&r->queue));
    if (whole && r->ways.jobs)
        json_object_set_new(whole, "pool", ways_object(&r->ways, o->threads));
    return facts_write(whole, out);
}

#else

const bool tune_has_json = false;

int tune_write_json(const tune_report *r, FILE *out)
{
    (void)r;
    (void)out;
    return -ENOSYS;
}

#endif
