/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): for each
 * family HELP and TYPE, then its samples, one a line. No lock is held while callbacks are called,
 * nor memory that a panic in one of them would not give back. */
#include <runtime/metrics/metrics.h>

#include <runtime/engine/panic.h>
#include <runtime/metrics/distribution.h>
#include <runtime/metrics/number_text.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 1024 };

/* The statistics of an object that a call of filch_metrics_write has read. An object that comes to
 * the same address later has newer metrics, which that call passes. */
typedef struct reading {
    struct reading *next;
    const fl_metric_stats *stats;
    const void *of;
    char bytes[];
} reading;

/* One call of filch_metrics_write. */
typedef struct walk {
    filch_metrics *metrics;
    uint64_t limit;      /* newer metrics are passed */
    fl_metric *at;       /* where it stands, or NULL */
    bool reading;        /* the source of that */
    uint64_t family;     /* the last whose head was written */
    filch_snapshot *all; /* of a distribution, once there was one */
    reading *readings;
    char value[FL_SPELLED];
    filch_write_fn *write;
    void *arg;
    int rc;
    size_t length; /* of what is not written yet */
    char text[PIECE];
} walk;

/* ---- Writing ---- */

static void flush(walk *w)
{
    if (!w->rc && w->length)
        w->rc = w->write(w->text, w->length, w->arg);
    w->length = 0;
}

static void put(walk *w, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        size_t room = PIECE - w->length, size = left < room ? left : room;
        memcpy(w->text + w->length, text, size);
        w->length += size;
        text += size;
        left -= size;
        if (w->length == PIECE)
            flush(w);
    }
}

static void spell(char out[FL_SPELLED], double value)
{
    if (value - value == 0)
        fl_spell_double(out, value);
    else
        strcpy(out, value > 0 ? "+Inf" : value < 0 ? "-Inf" : "NaN");
}

/* NAME SUFFIX {LABELS, KEY="MARK"} VALUE; key may be NULL. */
static void put_sample(walk *w, const char *suffix, const char *key, const char *mark,
                       const char *value)
{
    const char *labels = w->at->labels;
    put(w, w->at->what.name);
    put(w, suffix);
    if (*labels || key)
        put(w, "{");
    put(w, labels);
    if (key) {
        put(w, *labels ? "," : "");
        put(w, key);
        put(w, "=\"");
        put(w, mark);
        put(w, "\"");
    }
    put(w, *labels || key ? "} " : " ");
    put(w, value);
    put(w, "\n");
}

static void put_head(walk *w)
{
    const char *const pieces[] = {"# HELP ",
                                  w->at->what.name,
                                  " ",
                                  w->at->what.help,
                                  "\n",
                                  "# TYPE ",
                                  w->at->what.name,
                                  " ",
                                  fl_metric_rows[w->at->what.kind].name,
                                  "\n"};
    if (w->family == w->at->family)
        return;
    w->family = w->at->family;
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++)
        put(w, pieces[i]);
}

static void put_total(walk *w, const char *suffix, uint64_t total)
{
    char value[FL_SPELLED];
    snprintf(value, sizeof value, "%llu", (unsigned long long)total);
    put_sample(w, suffix, NULL, NULL, value);
}

static void put_sums(walk *w)
{
    spell(w->value, (double)w->all->sum / w->at->what.unit);
    put_sample(w, "_sum", NULL, NULL, w->value);
    put_total(w, "_count", w->all->count);
}

/* Quantiles of nothing are NaN. */
static void put_summary(walk *w)
{
    const fl_metric *at = w->at;
    for (unsigned i = 0; i < at->marks; i++) {
        char mark[FL_SPELLED];
        double value = (double)filch_snapshot_quantile(w->all, at->what.marks[i]);
        spell(mark, at->what.marks[i]);
        spell(w->value, w->all->count ? value / at->what.unit : __builtin_nan(""));
        put_sample(w, "", "quantile", mark, w->value);
    }
    put_sums(w);
}

/* A bound in the recorded unit, rounded. */
static uint64_t bound_of(const fl_metric *metric, unsigned index)
{
    double bound = metric->what.marks[index] * metric->what.unit + 0.5;
    return bound < 0x1p63 ? (uint64_t)bound : INT64_MAX;
}

static void put_histogram(walk *w)
{
    uint64_t sum = 0;
    for (unsigned i = 0, bucket = 0; i < w->at->marks; i++) {
        char mark[FL_SPELLED];
        for (unsigned last = fl_bucket_of(bound_of(w->at, i)); bucket <= last; bucket++)
            sum += w->all->counts[bucket];
        spell(mark, w->at->what.marks[i]);
        snprintf(w->value, sizeof w->value, "%llu", (unsigned long long)sum);
        put_sample(w, "_bucket", "le", mark, w->value);
    }
    snprintf(w->value, sizeof w->value, "%llu", (unsigned long long)w->all->count);
    put_sample(w, "_bucket", "le", "+Inf", w->value);
    put_sums(w);
}

static void put_metric(walk *w)
{
    put_head(w);
    if (w->at->what.kind == FILCH_METRIC_SUMMARY)
        put_summary(w);
    else if (w->at->what.kind == FILCH_METRIC_HISTOGRAM)
        put_histogram(w);
    else
        put_sample(w, "", NULL, NULL, w->value);
}

/* ---- Reading ---- */

/* Whole numbers are written whole. */
static void read_number(walk *w)
{
    const filch_metric *what = &w->at->what;
    if (what->read)
        spell(w->value, what->read(what->arg));
    else if (what->unit != 1)
        spell(w->value, (what->counter ? (double)filch_counter_read(what->counter)
                                       : (double)filch_gauge_read(what->gauge)) /
                            what->unit);
    else if (what->counter)
        snprintf(w->value, sizeof w->value, "%llu",
                 (unsigned long long)filch_counter_read(what->counter));
    else
        snprintf(w->value, sizeof w->value, "%lld", (long long)filch_gauge_read(what->gauge));
}

static const reading *reading_of(walk *w, const fl_metric *metric)
{
    reading *one = w->readings;
    while (one && (one->stats != metric->stats || one->of != metric->what.arg))
        one = one->next;
    if (one)
        return one;
    one = malloc(sizeof *one + metric->stats->size);
    if (!one) {
        w->rc = fl_fail(ENOMEM, "no memory for the statistics of %s; free some", metric->what.name);
        return NULL;
    }
    *one = (reading){.next = w->readings, .stats = metric->stats, .of = metric->what.arg};
    w->readings = one;
    metric->stats->read(one->of, one->bytes, metric->stats->size);
    return one;
}

static void read_row(walk *w)
{
    const reading *of = reading_of(w, w->at);
    uint64_t number;
    if (!of)
        return;
    memcpy(&number, of->bytes + w->at->offset, sizeof number);
    if (w->at->what.unit != 1)
        spell(w->value, (double)number / w->at->what.unit);
    else
        snprintf(w->value, sizeof w->value, "%llu", (unsigned long long)number);
}

static void was_read(walk *w)
{
    if (w->reading)
        fl_metrics_was_read(w->metrics, w->at);
    w->reading = false;
}

static void read_source(walk *w)
{
    if (w->at->stats) {
        read_row(w);
    } else if (!w->at->what.distribution) {
        read_number(w);
    } else if (w->all || !(w->rc = filch_snapshot_create(&w->all))) {
        filch_snapshot_clear(w->all);
        filch_snapshot_add(w->all, w->at->what.distribution);
    }
    was_read(w);
}

/* ---- Walking ---- */

/* Also after a panic. */
static void leave(void *arg)
{
    walk *w = arg;
    was_read(w);
    if (w->at)
        fl_metrics_step(w->metrics, w->at, 0);
    filch_snapshot_destroy(w->all);
    for (reading *one = w->readings, *next; one; one = next) {
        next = one->next;
        free(one);
    }
}

static void visit_all(walk *w)
{
    while (!w->rc && (w->at = fl_metrics_step(w->metrics, w->at, w->limit))) {
        w->reading = true;
        read_source(w);
        if (!w->rc)
            put_metric(w);
    }
    flush(w);
}

int filch_metrics_write(filch_metrics *metrics, filch_write_fn *write, void *arg)
{
    FL_ALIVE(metrics);
    FL_GIVEN(write);
    walk w = {.metrics = metrics, .write = write, .arg = arg, .limit = fl_metrics_newest(metrics)};
    filch_defer leaving;
    bool deferred = fl_defer_here(&leaving, leave, &w);
    visit_all(&w);
    if (deferred)
        filch_defer_end(&leaving);
    else
        leave(&w);
    return w.rc;
}
