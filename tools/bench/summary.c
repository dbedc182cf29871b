/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "summary.h"

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

double seconds_p(const cell *slow, const cell *fast)
{
    double above[BENCH_REPEATS], below[BENCH_REPEATS];
    size_t rounds = seconds_of_rounds(slow, fast, above, below);
    return p_of_pairs(above, below, rounds);
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
    s.speed_up = one ? seconds_ratio(one, c).median : 0;
    s.tasks_per_second = c->samples[0].tasks / s.seconds.median;
    return s;
}

char *column_title(const column *c, char *text, size_t size)
{
    static const struct {
        const char *queue, *title;
    } titles[] = {
        {"chase-lev", "work stealing"},
        {"central-mutex", "the central queue"},
        {"handpool", "the hand-written pool"},
    };
    if (c->peer) {
        snprintf(text, size, "%s (%s)", c->peer->title, c->label);
        return text;
    }
    snprintf(text, size, "%s", c->label);
    for (size_t i = 0; c->queue && i < sizeof titles / sizeof titles[0]; i++)
        if (strcmp(titles[i].queue, c->queue) == 0)
            snprintf(text, size, "%s (%s)", titles[i].title, c->label);
    return text;
}
