/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks of metrics: the rules of the text format, and those of `promtool check metrics` that names
 * can show. No name may end in a suffix that summaries and histograms append, so two metrics never
 * write samples of the same name. */
#include <runtime/metrics/metric_check.h>
#include <runtime/metrics/metrics.h>

#include <runtime/metrics/spell.h>
#include <runtime/platform/error.h>

#include <errno.h>

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
        return fl_fail(EINVAL, "the source of %s does not fit a %s; give one, of its kind",
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
        return fl_fail(EINVAL, "metric kind %d is unknown; see filch_metric_kind", (int)what->kind);
    int rc = check_name(what);
    if (!rc)
        rc = check_source(what, has_stats);
    for (unsigned i = 0; !rc && i < FILCH_LABELS_MOST && what->labels[i].name; i++)
        rc = check_label(what, i);
    return rc ? rc : check_marks(what);
}
