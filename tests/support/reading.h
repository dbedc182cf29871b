/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Strict readers of the texts that the library writes: expositions, JSON lines, logs and spans. */
#ifndef SUPPORT_READING_H
#define SUPPORT_READING_H

#include <filch/metrics.h>
#include <filch/span.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ---- Expositions ---- */

/* A strict reader of Prometheus' text format 0.0.4, stricter than Prometheus': families are whole
 * and in one piece, HELP comes before TYPE, series are unique, histograms add up. And a buffer for
 * the output of filch_metrics_write. */

enum { EXPOSITION_MOST = 1 << 20, EXPOSITION_NAME = 128, EXPOSITION_KEY = 512 };

/* ---- The output ---- */

typedef struct exposition {
    size_t length;
    char text[EXPOSITION_MOST];
} exposition;

/* A filch_write_fn. */
int exposition_take(const char *text, size_t size, void *arg);
/* The line that begins with this series and a blank; NULL: there is none. */
const char *exposition_find(const char *text, const char *series);
/* Its value; -1: it is not there. */
double exposition_value(const char *text, const char *series);

/* ---- The reader ---- */

/* NULL: the output is correct; else the expectation that fails at `*at`. */
const char *exposition_wrong(const char *text, const char **at);
/* The registry's output now, which is as it has to be; it stays in `all`. */
const char *exposition_written(filch_metrics *metrics, exposition *all);

/* ---- JSON lines ---- */

/* A strict reader of flat JSON objects, one a line (RFC 8259): names differ, texts are UTF-8,
 * values are texts, numbers, true, false or null. */

enum { JSON_MOST = 512 };
typedef struct json_piece {
    const char *at; /* as it is written, quotes included */
    size_t size;
} json_piece;

typedef struct json_line {
    const char *at;
    unsigned fields;
    json_piece name[JSON_MOST], value[JSON_MOST];
} json_line;

/* false: this is no such line; line->at is where that is seen. */
bool json_read(json_line *line, const char *text);
/* Is this, as it is written, the value of that? Name and value with quotes. */
bool json_is(const json_line *line, const char *name, const char *value);

/* ---- Logs ---- */

/* The lines of a log, one behind the other. Several threads may write at once. */

extern char log_lines[16384];
/* For filch_log_init. */
void log_lines_add(const char *text, size_t size, void *unused);

/* ---- Spans ---- */

/* Spans of a test with one thread, and a sink that keeps them. */

extern filch_span *spans_ended[64];
extern unsigned spans_count;
void spans_keep(filch_span *span, void *arg);
extern const filch_tracer spans_tracer;
filch_span *span_begun(const filch_tracer *by, const filch_span_options *options);
/* Ends it, and returns its record, which the sink keeps. */
const filch_span_record *span_finished(filch_span *span);
void spans_forget(void);
int span_set_one(filch_span *span, filch_log_field field);

/* ---- Promtool ---- */

/* Runs Prometheus' own checker on a text; tools/test.sh makes sure that there is one. Last in a test: where there is no promtool, the test counts as skipped. */
void promtool_accepts(const char *text);

#endif
