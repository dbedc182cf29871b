/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The headline. The first queue of the command line is compared with each other column, with the
 * largest number of workers; alone, with serial code. A factor is named only where pair_judge() says
 * that the two differ. */
#include "bench.h"
#include "noise.h"
#include "summary.h"

#include <stdlib.h>
#include <string.h>

enum { NAMED = 3, TITLE = 96 }; /* kernels named in a part of a sentence */

/* One kernel of a contest. */
typedef struct bout {
    const block *block;
    pair pair;
} bout;

typedef struct contest {
    bout bouts[BENCH_BLOCKS];
    size_t count;
    unsigned noise;
} contest;

/* The largest effect first. */
static int by_effect(const void *a, const void *b)
{
    double x = ((const bout *)a)->pair.figures.factor.median;
    double y = ((const bout *)b)->pair.figures.factor.median;
    x = x < 1 ? 1 / x : x;
    y = y < 1 ? 1 / y : y;
    return (x < y) - (x > y);
}

static void gather(contest *c, const report *r, const column *other)
{
    pair pairs[BENCH_NAMES];
    *c = (contest){.count = 0};
    for (size_t i = 0; i < r->block_count; i++) {
        size_t count = pairs_of(r, &r->blocks[i], pairs);
        for (size_t k = 0; k < count; k++)
            if (pairs[k].other == other) {
                c->bouts[c->count++] = (bout){&r->blocks[i], pairs[k]};
                c->noise |= pairs[k].noise;
            }
    }
    qsort(c->bouts, c->count, sizeof c->bouts[0], by_effect);
}

static void write_times(double factor, FILE *out)
{
    fprintf(out,
            factor >= 9.95    ? "%.0f times"
            : factor >= 1.995 ? "%.1f times"
                              : "%.2f times",
            factor);
}

/* "76 times faster than one queue (central-mutex) on fib(30), 45 times on skynet(10^5) and 2 more":
 * the beginnings of a part, as the first and as a later one of a sentence. */
typedef struct part {
    pair_verdict verdict;
    const char *first, *later; /* with the other's name in place of %s */
    bool has_factor;
} part;
static const part parts[] = {
    {PAIR_FASTER, " faster than %s on ", " faster on ", true},
    {PAIR_SLOWER, " slower than %s on ", " slower on ", true},
    {PAIR_EQUAL, "as fast as %s (within 3 %%) on ", "as fast on ", false},
    {PAIR_UNDECIDED, "not significantly different from %s on ", "no significant difference on ",
     false},
    {PAIR_FEW, "measured beside %s in too few rounds for a verdict on ",
     "too few rounds for a verdict on ", false},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

/* Returns whether there was something to write. */
static bool write_part(const contest *c, const part *p, const char *other, FILE *out)
{
    size_t written = 0, more = 0;
    for (size_t i = 0; i < c->count; i++) {
        const pair *at = &c->bouts[i].pair;
        double factor = at->figures.factor.median;
        if (at->verdict != p->verdict)
            continue;
        if (written == NAMED) {
            more++;
            continue;
        }
        fputs(written ? ", " : other ? "" : "; ", out);
        if (p->has_factor)
            write_times(factor < 1 ? 1 / factor : factor, out);
        if (written == 0 && other)
            fprintf(out, p->first, other);
        else
            fputs(written == 0 ? p->later : p->has_factor ? " on " : "", out);
        fprintf(out, "%s%s", c->bouts[i].block->label, at->noise ? "*" : "");
        written++;
    }
    if (more)
        fprintf(out, " and %zu more", more);
    return written > 0;
}

static void write_contest(const contest *c, FILE *out)
{
    char first[TITLE], other[TITLE];
    const char *beside = column_title(c->bouts[0].pair.other, other, sizeof other);
    fprintf(out, "%s is ", column_title(c->bouts[0].pair.first, first, sizeof first));
    for (size_t p = 0; p < PARTS; p++)
        if (write_part(c, &parts[p], beside, out))
            beside = NULL;
    fputc('\n', out);
}

/* "failed: fib(30), one queue (central-mutex), 2 workers: wrong answer: ..." */
static void write_failures(const report *r, FILE *out)
{
    size_t count = 0;
    char title[TITLE];
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++) {
            const cell *c = &r->blocks[i].cells[k];
            if (*c->error && count++ < NAMED)
                fprintf(out, "failed: %s, %s, %u worker%s: %s\n", r->blocks[i].label,
                        column_title(c->column, title, sizeof title), c->workers,
                        c->workers == 1 ? "" : "s", c->error);
        }
    if (count > NAMED)
        fprintf(out, "failed: %zu more\n", count - NAMED);
}

static void write_noise(unsigned noise, FILE *out)
{
    const char *remedy = NULL;
    for (unsigned i = 0; i < NOISE_KINDS; i++) {
        const noise_kind *kind = &noise_kinds[i];
        if (!(noise & 1u << i))
            continue;
        if (kind->remedy == remedy)
            fprintf(out, "; %s", kind->what);
        else
            fprintf(out, "%s*: disturbed, %s: %s", remedy ? "\n" : "", kind->remedy, kind->what);
        remedy = kind->remedy;
    }
    if (noise)
        fputc('\n', out);
}

static void write_contests(const report *r, size_t most, FILE *out)
{
    static contest c;
    const options *o = r->options;
    unsigned noise = 0;
    size_t written = 0, more = 0;
    for (size_t i = 0; i < o->column_count; i++) {
        gather(&c, r, &o->columns[i]);
        if (c.count == 0)
            continue;
        if (written++ < most) {
            write_contest(&c, out);
            noise |= c.noise;
        } else
            more++;
    }
    if (more)
        fprintf(out, "%zu more columns are compared below each kernel\n", more);
    write_noise(noise, out);
}

/* METG rests on all columns, at all grains. */
static void write_grains(const report *r, FILE *out)
{
    unsigned noise = 0;
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++)
            if (r->blocks[i].cells[k].sample_count > 0)
                noise |= noise_of(r, &r->blocks[i].cells[k]);
    bench_write_metg(r, out);
    write_noise(noise, out);
}

void bench_write_verdict(const report *r, size_t most, FILE *out)
{
    if (r->interrupted)
        fprintf(out, "interrupted: %zu of %zu kernels and sizes were measured\n", r->block_count,
                r->planned_blocks);
    write_failures(r, out);
    if (r->options->metg)
        write_grains(r, out);
    else
        write_contests(r, most, out);
}

void bench_write_pairs(const report *r, const block *b, FILE *out)
{
    pair pairs[BENCH_NAMES];
    size_t count = pairs_of(r, b, pairs);
    for (size_t i = 0; i < count; i++) {
        fputs("  ", out);
        pair_write(pairs[i].first->label, pairs[i].other->label, &pairs[i].figures, r->cutoff, out);
        fputs(pairs[i].noise ? " *\n" : "\n", out);
    }
}
