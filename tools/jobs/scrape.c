/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "scrape.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lines: NAME{LABEL="VALUE",...} NUMBER ---- */

/* The end of a label's value, whose quotes and backslashes have a backslash before them. */
static const char *end_of_value(const char *at)
{
    while (*at && *at != '"' && *at != '\n')
        at += at[0] == '\\' && at[1] ? 2 : 1;
    return at;
}

typedef struct sample {
    const char *name;
    size_t name_size;
    double to, value; /* the label le, NAN: none */
} sample;

/* Reads a line into *out. false: it is a comment, or is no sample. */
static bool read_line(const char *line, sample *out)
{
    out->name = line;
    out->name_size = strcspn(line, "{ \n");
    out->to = NAN;
    const char *at = line + out->name_size;
    for (at += *at == '{'; *at && *at != '}' && *at != ' ' && *at != '\n';) {
        bool bounds = strncmp(at, "le=\"", 4) == 0;
        at += strcspn(at, "\"\n");
        if (*at != '"')
            return false;
        if (bounds)
            out->to = strtod(at + 1, NULL);
        at = end_of_value(at + 1);
        at += *at == '"';
        at += *at == ',';
    }
    at += *at == '}';
    if (*line == '#' || *at != ' ')
        return false;
    char *end;
    out->value = strtod(at, &end);
    return end > at;
}

static bool is_named(const sample *s, const char *name)
{
    return s->name_size == strlen(name) && memcmp(s->name, name, s->name_size) == 0;
}

/* ---- A page ---- */

static void add_bucket(scrape *out, const sample *s)
{
    unsigned i = 0;
    while (i < out->bucket_count && out->buckets[i].to < s->to)
        i++;
    if (i == out->bucket_count || out->buckets[i].to != s->to) {
        if (out->bucket_count == SCRAPE_BUCKETS)
            return;
        memmove(&out->buckets[i + 1], &out->buckets[i],
                (out->bucket_count++ - i) * sizeof *out->buckets);
        out->buckets[i] = (scrape_bucket){s->to, 0};
    }
    out->buckets[i].runs += s->value;
}

static const struct {
    const char *name;
    size_t at; /* in struct scrape */
} sums[] = {
    {SCRAPE_DURATIONS "_count", offsetof(scrape, runs)},
    {SCRAPE_DURATIONS "_sum", offsetof(scrape, seconds)},
    {"worker_queue_depth", offsetof(scrape, waiting)},
    {"worker_queue_delayed", offsetof(scrape, waiting)},
    {"worker_queue_leased", offsetof(scrape, waiting)},
    {"worker_queue_counted_timestamp_seconds", offsetof(scrape, counted)},
};

static void add_sample(scrape *page, const sample *s)
{
    if (is_named(s, SCRAPE_DURATIONS "_bucket") && !isnan(s->to))
        add_bucket(page, s);
    for (unsigned i = 0; i < sizeof sums / sizeof *sums; i++)
        if (is_named(s, sums[i].name) && !isnan(s->value))
            *(double *)(void *)((char *)page + sums[i].at) += s->value;
    page->has_durations |= is_named(s, SCRAPE_DURATIONS "_count");
}

void scrape_add(scrape *out, const char *text)
{
    double waiting = out->waiting, counted = out->counted;
    out->waiting = out->counted = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        sample s;
        if (read_line(line, &s))
            add_sample(out, &s);
    }
    if (out->counted < counted) {
        out->waiting = waiting;
        out->counted = counted;
    }
}

/* ---- Two pages ---- */

/* The cumulative number of runs; 0 where the earlier page has no such bucket. */
static double runs_up_to(const scrape *s, double to)
{
    for (unsigned i = 0; i < s->bucket_count; i++)
        if (s->buckets[i].to == to)
            return s->buckets[i].runs;
    return 0;
}

bool scrape_since(scrape *out, const scrape *from, const scrape *to)
{
    scrape change = *to;
    double below = 0;
    bool rises = to->runs >= from->runs && to->seconds >= from->seconds;
    for (unsigned i = 0; i < to->bucket_count; i++) {
        double runs = to->buckets[i].runs - runs_up_to(from, to->buckets[i].to);
        change.buckets[i].runs = runs - below;
        rises &= runs >= below;
        below = runs;
    }
    change.runs -= from->runs;
    change.seconds -= from->seconds;
    change.waiting -= from->waiting;
    change.counted -= from->counted;
    *out = change;
    return rises;
}
