/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The cells of a part take turns, A B C A B C, so that what slows the machine for a while slows all
 * of them alike. */
#include "tune.h"

#include <tools/shared/clock.h>
#include <tools/shared/statistics.h>
#include <unistd.h>

/* Without --repeat: at least, at most, and how long a part may take. */
enum { LEAST = 2, MOST = 9 };
#define PART_SECONDS 5.0
#define PART_SECONDS_QUICK 1.0

static void show_progress(const char *part, size_t cell, size_t cells, unsigned round)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: %zu of %zu, round %u", part, cell + 1, cells, round + 1);
}

static void end_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

void tune_rounds(tune_report *r, tune_part part, size_t cells, tune_facts_fn *facts,
                 tune_measure_fn *measure)
{
    const tune_options *o = r->options;
    double seconds = o->quick ? PART_SECONDS_QUICK : PART_SECONDS, took = 0;
    unsigned most = o->repeat ? o->repeat : MOST;
    for (unsigned round = 0; round < most; round++) {
        if (!o->repeat && round >= LEAST && took * (round + 1) / round > seconds)
            break;
        double start = seconds_of(CLOCK_MONOTONIC);
        for (size_t i = 0; i < cells; i++) {
            if (*facts(r, i)->error)
                continue;
            show_progress(tune_part_names[part], i, cells, round);
            measure(r, i, round);
        }
        took += seconds_of(CLOCK_MONOTONIC) - start;
    }
    end_progress();
}

unsigned tune_threads(const tune_options *o, unsigned width)
{
    return width < o->cores ? width : o->cores;
}

void tune_each(tune_report *r, tune_see_fn *see, void *context)
{
    char label[64];
    for (size_t i = 0; i < r->width.count; i++) {
        const width_cell *c = &r->width.cells[i];
        snprintf(label, sizeof label, "width %u", c->width);
        see(label, &c->facts, c->throughput, context);
    }
    for (size_t i = 0; i < r->queue.count; i++) {
        const queue_cell *c = &r->queue.cells[i];
        snprintf(label, sizeof label, "capacity %u", c->capacity);
        see(label, &c->facts, c->seconds_in, context);
    }
}

typedef struct noise {
    double widths[2 * TUNE_LIST];
    size_t count;
    apart_facts sum;
} noise;

static void add_noise(const char *label, const apart_facts *facts, spread what, void *context)
{
    (void)label;
    noise *n = context;
    n->sum.cpus_seconds += facts->cpus_seconds;
    n->sum.other_seconds += facts->other_seconds;
    if (!*facts->error)
        n->widths[n->count++] = spread_width(what);
}

void tune_judge_noise(tune_report *r)
{
    noise n = {.count = 0};
    tune_each(r, add_noise, &n);
    r->other = apart_other_share(&n.sum);
    if (n.count) {
        spread s = spread_of(n.widths, n.count);
        r->noise_median = s.median;
        r->noise_most = s.max;
    }
}
