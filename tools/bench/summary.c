/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "summary.h"
#include "noise.h"

#include <string.h>
#include <tools/shared/ranks.h>

static void seconds_of_samples(const cell *c, double *out)
{
    for (int i = 0; i < c->sample_count; i++)
        out[i] = c->samples[i].seconds;
}

double median_of_field(const cell *c, size_t at)
{
    double values[BENCH_REPEATS];
    for (int i = 0; i < c->sample_count; i++)
        values[i] = sample_number(&c->samples[i], at);
    return median_of(values, (size_t)c->sample_count);
}

/* Round by round; returns how many there are. */
static size_t seconds_of_rounds(const cell *slow, const cell *fast, double *above, double *below)
{
    seconds_of_samples(slow, above);
    seconds_of_samples(fast, below);
    return (size_t)(slow->sample_count < fast->sample_count ? slow : fast)->sample_count;
}

estimate seconds_ratio(const cell *slow, const cell *fast)
{
    double above[BENCH_REPEATS], below[BENCH_REPEATS];
    size_t rounds = seconds_of_rounds(slow, fast, above, below);
    return estimate_of_ratio(above, below, rounds);
}

/* The first column is compared with those from here on; 0 is serial code, where it is alone. */
static size_t opponents_from(const options *o)
{
    return o->column_count > 2 ? 2 : 0;
}

static pair pair_of(const report *r, const cell *mine, const cell *theirs)
{
    double above[BENCH_REPEATS], below[BENCH_REPEATS];
    size_t rounds = seconds_of_rounds(theirs, mine, above, below);
    pair p = {.first = mine->column,
              .other = theirs->column,
              .workers = mine->workers,
              .figures = {estimate_of_ratio(above, below, rounds), p_of_pairs(above, below, rounds),
                          rounds},
              .noise = noise_of(r, mine) | noise_of(r, theirs)};
    p.verdict = pair_judge(&p.figures, r->cutoff);
    return p;
}

/* The column that another one is compared with: the first, or that of the library that the same
 * compiler has compiled. NULL: there is none, or it would be compared with itself. */
static const column *counterpart(const options *o, const column *other)
{
    for (size_t i = 1; i < o->column_count; i++) {
        const column *c = &o->columns[i];
        bool alike = other->as == KERNEL_SERIAL || column_by_clang(c) == column_by_clang(other);
        if (alike && (i == 1 || column_has_runtime(c)))
            return c == other ? NULL : c;
    }
    return NULL;
}

size_t pairs_of(const report *r, const block *b, pair *out)
{
    const options *o = r->options;
    unsigned workers = o->workers[o->worker_count - 1];
    size_t count = 0, from = opponents_from(o), to = from ? o->column_count : 1;
    for (size_t i = from; i < to; i++) {
        const column *c = &o->columns[i], *beside = counterpart(o, c);
        const cell *mine = beside ? bench_cell(b, beside, workers) : NULL;
        const cell *theirs = bench_cell(b, c, c->as == KERNEL_SERIAL ? 1 : workers);
        if (mine && theirs)
            out[count++] = pair_of(r, mine, theirs);
    }
    return count;
}

void judge_pairs(report *r)
{
    static double p[BENCH_BLOCKS * BENCH_NAMES];
    pair pairs[BENCH_NAMES];
    size_t all = 0;
    for (size_t i = 0; i < r->block_count; i++) {
        size_t count = pairs_of(r, &r->blocks[i], pairs);
        for (size_t k = 0; k < count; k++)
            if (pairs[k].figures.rounds >= PAIR_ROUNDS)
                p[all++] = pairs[k].figures.p;
    }
    r->cutoff = pair_cutoff(p, all);
}

summary summarize(const block *b, const cell *c)
{
    double seconds[BENCH_REPEATS];
    seconds_of_samples(c, seconds);
    summary s = {.seconds = estimate_of(seconds, (size_t)c->sample_count),
                 .steals = median_of_field(c, offsetof(sample, steals)),
                 .cpu_seconds = median_of_field(c, offsetof(sample, cpu_seconds))};
    const cell *serial = bench_cell(b, b->cells[0].column, 1), *one = bench_cell(b, c->column, 1);
    s.over_serial = serial ? seconds_ratio(c, serial).median : 0;
    s.speed_up = one && !block_kernel(b)->latency ? seconds_ratio(one, c).median : 0;
    s.tasks_per_second = c->samples[0].tasks / s.seconds.median;
    return s;
}

/* Beginnings of the names of queues. */
static const struct {
    const char *queue, *title;
} titles[] = {
    {"chase-lev", "work stealing"},    {"the", "work stealing"}, {"abp", "work stealing"},
    {"private", "work stealing"},      {"central", "one queue"}, {"sharing", "work sharing"},
    {"handpool", "hand-written pool"},
};

char *column_title(const column *c, char *text, size_t size)
{
    const char *title = c->peer ? c->peer->title : c->as == KERNEL_SERIAL ? NULL : "";
    for (size_t i = 0; title && !*title && i < sizeof titles / sizeof titles[0]; i++)
        if (strncmp(titles[i].queue, c->queue, strlen(titles[i].queue)) == 0)
            title = titles[i].title;
    if (title)
        snprintf(text, size, *title ? "%s (%s)" : "%s%s", title, c->label);
    else
        snprintf(text, size, "serial code");
    return text;
}
