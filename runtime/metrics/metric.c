/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A metric's texts, as they will be written: escaped and sorted once, here. */
#include <runtime/metrics/metric.h>
#include <runtime/metrics/metrics.h>

#include <runtime/metrics/spell.h>
#include <runtime/platform/error.h>
#include <runtime/platform/text.h>

#include <errno.h>
#include <stdlib.h>

static const double quantiles[FILCH_MARKS_MOST] = {0.5, 0.9, 0.99, 0.999, 1};
static const double bounds[FILCH_MARKS_MOST] = {1e-5,   2.5e-5, 5e-5, 1e-4,   2.5e-4, 5e-4, 1e-3,
                                                2.5e-3, 5e-3,   1e-2, 2.5e-2, 5e-2,   0.1,  0.25,
                                                0.5,    1,      2.5,  5,      10};

static void put_escaped(fl_text *to, const char *text, const char *special)
{
    for (; *text; text++) {
        const char pair[] = {'\\', *text == '\n' ? 'n' : *text};
        if (strchr(special, *text))
            fl_text_put(to, pair, sizeof pair);
        else
            fl_text_put(to, text, 1);
    }
}

/* Where it ends, the next one begins. */
static size_t end_text(fl_text *to)
{
    fl_text_put(to, "", 1);
    return to->length;
}

static void put_labels(fl_text *to, const filch_label *labels)
{
    const filch_label *last = NULL;
    for (;;) { /* the least name above the last one */
        const filch_label *next = NULL;
        for (unsigned i = 0; i < FILCH_LABELS_MOST && labels[i].name; i++)
            if ((!last || strcmp(labels[i].name, last->name) > 0) &&
                (!next || strcmp(labels[i].name, next->name) < 0))
                next = &labels[i];
        if (!next)
            return;
        fl_text_put(to, ",", last != NULL);
        fl_text_put(to, next->name, strlen(next->name));
        fl_text_put(to, "=\"", 2);
        put_escaped(to, next->value, "\\\"\n");
        fl_text_put(to, "\"", 1);
        last = next;
    }
}

/* Name, help and labels; where the latter two begin. */
static void put_texts(fl_text *to, const filch_metric *what, size_t *help, size_t *labels)
{
    fl_text_put(to, what->name, strlen(what->name));
    *help = end_text(to);
    put_escaped(to, what->help, "\\\n");
    *labels = end_text(to);
    put_labels(to, what->labels);
    end_text(to);
}

static const void *owner_of(const filch_metric *what)
{
    return what->owner          ? what->owner
           : what->counter      ? (const void *)what->counter
           : what->gauge        ? (const void *)what->gauge
           : what->distribution ? (const void *)what->distribution
                                : what->arg;
}

int fl_metric_create(fl_metric **out, const filch_metric *what)
{
    size_t help, labels;
    fl_text text = {0};
    put_texts(&text, what, &help, &labels);
    fl_metric *metric = malloc(sizeof *metric + text.length);
    if (!metric)
        return fl_fail(ENOMEM, "no memory for the metric %s; free some", what->name);
    memset(metric, 0, sizeof *metric);
    text = (fl_text){.at = metric->texts, .room = text.length};
    put_texts(&text, what, &help, &labels);
    metric->what = *what;
    metric->what.name = metric->texts;
    metric->what.help = metric->texts + help;
    metric->labels = metric->texts + labels;
    metric->what.owner = owner_of(what);
    if (what->unit == 0)
        metric->what.unit = 1;
    if (what->marks[0] == 0)
        memcpy(metric->what.marks, what->kind == FILCH_METRIC_SUMMARY ? quantiles : bounds,
               sizeof bounds);
    while (metric->marks < FILCH_MARKS_MOST && metric->what.marks[metric->marks] != 0)
        metric->marks++;
    *out = metric;
    return 0;
}
