/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The result file: docs/result-schema.json says what stands where. The page holds the same. */
#include "bench.h"

#include <errno.h>
#include <tools/shared/facts.h>

#ifdef FILCH_HAVE_JANSSON
#include "metg.h"
#include "noise.h"
#include "summary.h"

#include <jansson.h>
#include <stdlib.h>
#include <tools/report/report.h>

const bool bench_has_json = true;

static json_t *sample_object(const sample *s)
{
    json_t *o = json_object();
    for (size_t f = 0; f < sample_field_count; f++)
        json_object_set_new(o, sample_fields[f].name,
                            json_real(sample_number(s, sample_fields[f].at)));
    return o;
}

static json_t *noise_array(unsigned noise)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < NOISE_KINDS; i++)
        if (noise & 1u << i)
            json_array_append_new(names, json_string(noise_kinds[i].name));
    return names;
}

static json_t *summary_object(const summary *s, unsigned noise)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:o}", "seconds", s->seconds.median,
                     "low", s->seconds.low, "high", s->seconds.high, "over_serial", s->over_serial,
                     "speed_up", s->speed_up, "tasks_per_second", s->tasks_per_second, "disturbed",
                     noise != 0, "noise", noise_array(noise));
}

/* Those that were chosen. */
static void set_modes(json_t *o, const column *c)
{
    const char *const modes[][2] = {{"idle", c->idle}, {"take", c->take}, {"wait", c->wait}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (modes[i][1])
            json_object_set_new(o, modes[i][0], json_string(modes[i][1]));
}

/* A number of a run for each row; the newest runtime's state for those that are no counters. */
static json_t *statistics_object(const cell *c)
{
    json_t *o = json_object();
    const filch_runtime_stat *row;
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++)
        json_object_set_new(o, row->name, json_real(stat_per_run(c, row)));
    return o;
}

static json_t *cell_object(const report *r, const block *b, const cell *c)
{
    json_t *samples = json_array();
    for (int i = 0; i < c->sample_count; i++)
        json_array_append_new(samples, sample_object(&c->samples[i]));
    json_t *o = json_pack("{s:s, s:s?, s:s?, s:i, s:f, s:o}", "column", c->column->label, "queue",
                          c->column->queue, "policy", c->column->policy, "workers", (int)c->workers,
                          "peak_mib", c->peak_mib, "samples", samples);
    set_modes(o, c->column);
    if (*c->error)
        json_object_set_new(o, "error", facts_text(c->error));
    if (c->sample_count > 0) {
        summary s = summarize(b, c);
        json_object_set_new(o, "summary", summary_object(&s, noise_of(r, c)));
    }
    if (c->counted_runs > 0)
        json_object_set_new(o, "statistics", statistics_object(c));
    return o;
}

static json_t *pairs_array(const report *r, const block *b)
{
    pair pairs[BENCH_NAMES];
    size_t count = pairs_of(r, b, pairs);
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++) {
        const pair *p = &pairs[i];
        const pair_figures *f = &p->figures;
        json_array_append_new(all, json_pack("{s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:i, s:s, s:b}",
                                             "first", p->first->label, "other", p->other->label,
                                             "workers", (int)p->workers, "factor", f->factor.median,
                                             "low", f->factor.low, "high", f->factor.high, "p",
                                             f->p, "rounds", (int)f->rounds, "verdict",
                                             pair_verdict_names[p->verdict], "disturbed",
                                             p->noise != 0));
    }
    return all;
}

typedef struct told {
    const report *report;
    const block *block;
} told;

static void write_reproduce(const void *what, FILE *out)
{
    const told *of = what;
    bench_write_reproduce(of->report, of->block, out);
}

static json_t *block_object(const report *r, const block *b)
{
    const kernel *k = block_kernel(b);
    char answer[32];
    snprintf(answer, sizeof answer, "%llu", (unsigned long long)b->answer);
    json_t *cells = json_array();
    for (size_t i = 0; i < b->cell_count; i++)
        json_array_append_new(cells, cell_object(r, b, &b->cells[i]));
    json_t *o =
        json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "kernel", k->name, "label",
                  facts_text(b->label), "size", bench_size_names[b->size], "what", k->what,
                  "source", k->source, "answer",
                  !bench_has_answer(b) ? ""
                  : *b->text           ? b->text
                                       : answer,
                  "tasks", (json_int_t)k->sizes[b->size].tasks, "columns", cells, "pairs",
                  pairs_array(r, b), "reproduce", facts_written(write_reproduce, &(told){r, b}));
    if (k->latency)
        json_object_set_new(o, "latency", json_true());
    if (b->grain)
        json_object_set_new(o, "grain", json_integer(b->grain));
    if (k->reads_dir)
        json_object_set_new(o, "input",
                            json_pack("{s:I, s:I, s:I}", "files", (json_int_t)b->files, "bytes",
                                      (json_int_t)b->bytes, "unreadable",
                                      (json_int_t)b->unreadable));
    return o;
}

static json_t *metg_array(const report *r)
{
    static const char *const bounds[] = {"below", "at", "above"};
    metg_row rows[BENCH_NAMES];
    json_t *all = json_array();
    for (const block *b = metg_next(r, NULL); b; b = metg_next(r, b)) {
        size_t count = metg_rows(r, b, rows);
        for (size_t i = 0; i < count; i++)
            json_array_append_new(
                all, json_pack("{s:s, s:s, s:i, s:f, s:s, s:b}", "kernel", block_kernel(b)->name,
                               "column", rows[i].column->label, "workers", (int)rows[i].workers,
                               "seconds", rows[i].found.seconds, "bound",
                               bounds[1 + rows[i].found.beyond], "disturbed", rows[i].disturbed));
    }
    return all;
}

static json_t *ceilings_array(const report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->ceiling_count; i++)
        json_array_append_new(all, json_pack("{s:i, s:f}", "copies", (int)r->ceilings[i].copies,
                                             "gain", r->ceilings[i].gain));
    return all;
}

static json_t *document(const report *r)
{
    json_t *results = json_array();
    for (size_t i = 0; i < r->block_count; i++)
        json_array_append_new(results, block_object(r, &r->blocks[i]));
    return json_pack("{s:i, s:o, s:f, s:b, s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", 2,
                     "ended", facts_now(), "seconds", r->seconds, "interrupted", r->interrupted,
                     "metg", metg_array(r), "load", r->load, "ceilings", ceilings_array(r),
                     "command", facts_command(r->options->argc, r->options->argv), "machine",
                     facts_machine(r->options->runtime), "build", facts_build(), "verdict",
                     facts_lines(bench_write_headline, r), "results", results);
}

int bench_write_json(const report *r, FILE *out)
{
    return facts_write(document(r), out);
}

int bench_write_report(const report *r, FILE *out)
{
    json_t *whole = document(r);
    char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    int rc = text ? report_write(text, bench_write_html, r, out) : -ENOMEM;
    free(text);
    json_decref(whole);
    return rc;
}

#else

const bool bench_has_json = false;

int bench_write_json(const report *r, FILE *out)
{
    (void)r;
    (void)out;
    return -ENOSYS;
}

int bench_write_report(const report *r, FILE *out)
{
    return bench_write_json(r, out);
}

#endif
