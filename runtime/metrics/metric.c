/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A metric's texts, as they will be written: escaped and sorted once, here. */
#include <runtime/metrics/metric.h>

#include <runtime/metrics/metrics.h>
#include <runtime/metrics/number_text.h>
#include <runtime/platform/error.h>
#include <runtime/platform/text/text_builder.h>

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

/* ---- Checks ---- */

/* Checks of metrics: the rules of the text format, and those of `promtool check metrics` that names
 * can show. No name may end in a suffix that summaries and histograms append, so two metrics never
 * write samples of the same name. */

const fl_metric_row fl_metric_rows[FILCH_METRIC_KINDS] = {
    [FILCH_METRIC_COUNTER] = {"counter", FL_SOURCE_COUNTER | FL_SOURCE_READ | FL_SOURCE_STATS},
    [FILCH_METRIC_GAUGE] = {"gauge", FL_SOURCE_GAUGE | FL_SOURCE_READ | FL_SOURCE_STATS},
    [FILCH_METRIC_SUMMARY] = {"summary", FL_SOURCE_DISTRIBUTION},
    [FILCH_METRIC_HISTOGRAM] = {"histogram", FL_SOURCE_DISTRIBUTION},
};

static bool is_name(const char *text)
{
    static const char allowed[] = "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text && *text && !strchr("0123456789", *text) && !text[strspn(text, allowed)];
}

static bool is_text(const char *text)
{
    unsigned size = 1;
    for (; *text && size; text += size)
        size = fl_utf8(text);
    return size;
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && !strcmp(name + length - tail, end);
}

static int check_name(const filch_metric *what)
{
    static const char *const appended[] = {"_bucket", "_sum", "_count"};
    if (!is_name(what->name))
        return fl_fail(EINVAL,
                       "a metric is called \"%s\"; use letters, digits and _, no digit first",
                       what->name ? what->name : "");
    if (ends_in(what->name, "_total") != (what->kind == FILCH_METRIC_COUNTER))
        return fl_fail(EINVAL, "%s is a %s; the names of counters end in _total, and no others",
                       what->name, fl_metric_rows[what->kind].name);
    for (unsigned i = 0; i < sizeof appended / sizeof *appended; i++)
        if (ends_in(what->name, appended[i]))
            return fl_fail(EINVAL, "%s ends in %s, as parts of summaries do; choose another name",
                           what->name, appended[i]);
    if (!what->help || !*what->help || !is_text(what->help))
        return fl_fail(EINVAL, "%s has no help; say in a sentence of UTF-8 what it is", what->name);
    return 0;
}

static int check_source(const filch_metric *what, bool has_stats)
{
    unsigned given = (what->counter ? FL_SOURCE_COUNTER : 0) | (what->gauge ? FL_SOURCE_GAUGE : 0) |
                     (what->distribution ? FL_SOURCE_DISTRIBUTION : 0) |
                     (what->read ? FL_SOURCE_READ : 0) | (has_stats ? FL_SOURCE_STATS : 0);
    const fl_metric_row *row = &fl_metric_rows[what->kind];
    if (!given || given & (given - 1) || !(given & row->sources))
        return fl_fail(EINVAL, "the source of %s does not fit a %s; give one of its kind",
                       what->name, row->name);
    if (!(what->unit >= 0 && what->unit <= 1e300) || (what->unit > 0 && what->read))
        return fl_fail(EINVAL, "the unit of %s is %g; give 0 or more, and none for what is read",
                       what->name, what->unit);
    return 0;
}

static int check_label(const filch_metric *what, unsigned index)
{
    const filch_label *label = &what->labels[index];
    if (!is_name(label->name) || !strncmp(label->name, "__", 2) || !strcmp(label->name, "le") ||
        !strcmp(label->name, "quantile"))
        return fl_fail(EINVAL,
                       "label \"%s\" of %s; use letters, digits, _, no digit or __ first, not le "
                       "or quantile",
                       label->name, what->name);
    if (!label->value || !*label->value || !is_text(label->value))
        return fl_fail(EINVAL, "the label %s of %s has no value; give it one, in UTF-8",
                       label->name, what->name);
    for (unsigned i = 0; i < index; i++)
        if (!strcmp(what->labels[i].name, label->name))
            return fl_fail(EINVAL, "%s has the label %s twice; leave one out", what->name,
                           label->name);
    return 0;
}

static int check_marks(const filch_metric *what)
{
    bool summary = what->kind == FILCH_METRIC_SUMMARY;
    double last = 0, most = summary ? 1 : 1e300;
    for (unsigned i = 0; i < FILCH_MARKS_MOST && what->marks[i] != 0; i++) {
        if (!(what->marks[i] > last && what->marks[i] <= most))
            return fl_fail(EINVAL, "mark %u of %s is %g; give them ascending, above 0%s", i,
                           what->name, what->marks[i], summary ? " and up to 1" : "");
        last = what->marks[i];
    }
    return 0;
}

int fl_metric_check(const filch_metric *what, bool has_stats)
{
    if ((unsigned)what->kind >= FILCH_METRIC_KINDS)
        return fl_fail(EINVAL, "unknown metric kind %d; see filch_metric_kind", (int)what->kind);
    int rc = check_name(what);
    if (!rc)
        rc = check_source(what, has_stats);
    for (unsigned i = 0; !rc && i < FILCH_LABELS_MOST && what->labels[i].name; i++)
        rc = check_label(what, i);
    return rc ? rc : check_marks(what);
}
