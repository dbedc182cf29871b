/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sentences above the table. The first queue of the command line is set against each other one,
 * with the largest number of workers; alone, against serial code. A factor is named only where its
 * interval excludes 1. */
#include "bench.h"
#include "summary.h"

#include <string.h>
#include <tools/shared/pair.h>

typedef struct duel {
    const column *first, *other;
    double factors[BENCH_BLOCKS]; /* other's time / first's; 1: no difference is known */
    pair_verdict verdicts[BENCH_BLOCKS];
    const block *blocks[BENCH_BLOCKS];
    size_t count;
} duel;

/* The other's cell; serial code has one only. */
static const cell *opponent(const block *b, const column *other, unsigned workers)
{
    return bench_cell(b, other, other->as == KERNEL_SERIAL ? 1 : workers);
}

static void fight(duel *d, const report *r)
{
    const options *o = r->options;
    unsigned workers = o->workers[o->worker_count - 1];
    for (size_t i = 0; i < r->block_count; i++) {
        const block *b = &r->blocks[i];
        const cell *mine = bench_cell(b, d->first, workers);
        const cell *theirs = opponent(b, d->other, workers);
        if (!mine || !theirs)
            continue;
        estimate e = seconds_ratio(theirs, mine);
        d->blocks[d->count] = b;
        d->verdicts[d->count] = pair_judge(e, seconds_p(theirs, mine));
        d->factors[d->count++] = differs_from_one(e) ? e.median : 1;
    }
}

static void write_factor(double factor, FILE *out)
{
    fprintf(out, factor >= 100 ? "%.0fx" : factor >= 10 ? "%.1fx" : "%.2fx", factor);
}

/* What is said of blocks, in this order; whoever is ahead in the mean is "it". */
static const struct part {
    pair_verdict verdict;
    int sign;           /* of who is ahead there */
    const char *before; /* behind another one, as the first can never be */
} parts[] = {
    {PAIR_BEATS, 1, NULL},
    {PAIR_LEADS, 1, "; leads "},
    {PAIR_EQUALS, 0, "; no difference on "},
    {PAIR_UNDECIDED, 0, "; undecided on "},
    {PAIR_LEADS, -1, "; trails "},
    {PAIR_BEATS, -1, "; but loses "},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static bool is_told(const duel *d, size_t i, const struct part *part, int ahead)
{
    double factor = d->factors[i];
    return d->verdicts[i] == part->verdict && ((factor > 1) - (factor < 1)) == ahead * part->sign;
}

/* "38.2x on fib(30), 1.43x on nqueens(11)". */
static void write_part(const duel *d, const struct part *part, int ahead, const char *before,
                       FILE *out)
{
    for (size_t i = 0; i < d->count; i++) {
        double factor = d->factors[i];
        if (!is_told(d, i, part, ahead))
            continue;
        fputs(before, out);
        before = ", ";
        if (part->sign) {
            write_factor(factor > 1 ? factor : 1 / factor, out);
            fputs(" on ", out);
        }
        fputs(d->blocks[i]->label, out);
    }
}

/* The first of which there is something to say. */
static size_t main_part(const duel *d, int ahead)
{
    for (size_t p = 0; p < PARTS; p++)
        for (size_t i = 0; i < d->count; i++)
            if (is_told(d, i, &parts[p], ahead))
                return p;
    return PARTS - 1;
}

static void write_duel(const duel *d, unsigned workers, FILE *out)
{
    char first[96], other[96];
    column_title(d->first, first, sizeof first);
    column_title(d->other, other, sizeof other);
    const int ahead = geometric_mean(d->factors, d->count) < 1 ? -1 : 1;
    const size_t main = main_part(d, ahead);
    fprintf(out, "%s %s %s with %u worker%s", ahead < 0 ? other : first,
            pair_verb(parts[main].verdict), ahead < 0 ? first : other, workers,
            workers == 1 ? "" : "s");
    for (size_t p = main; p < PARTS; p++)
        write_part(d, &parts[p], ahead, p == main ? ": " : parts[p].before, out);
    fputc('\n', out);
}

/* The columns that the first is set against: from this one on; 0 is serial code, alone. */
static size_t opponents_from(const options *o)
{
    return o->column_count > 2 ? 2 : 0;
}

void bench_write_verdict(const report *r, FILE *out, const char *line_start)
{
    const options *o = r->options;
    if (o->metg) {
        bench_write_metg(r, out, line_start);
        return;
    }
    for (size_t i = opponents_from(o); i == 0 || i < o->column_count; i++) {
        duel d = {.first = &o->columns[1], .other = &o->columns[i]};
        fight(&d, r);
        if (d.count > 0) {
            fputs(line_start, out);
            write_duel(&d, o->workers[o->worker_count - 1], out);
        }
        if (i == 0)
            break;
    }
}

size_t pairs_of(const report *r, const block *b, pair *out)
{
    const options *o = r->options;
    unsigned workers = o->workers[o->worker_count - 1];
    const cell *mine = bench_cell(b, &o->columns[1], workers);
    size_t count = 0;
    for (size_t i = opponents_from(o); mine && (i == 0 || i < o->column_count); i++) {
        const cell *theirs = opponent(b, &o->columns[i], workers);
        if (theirs)
            out[count++] = (pair){&o->columns[1], &o->columns[i], workers,
                                  seconds_ratio(theirs, mine), seconds_p(theirs, mine)};
        if (i == 0)
            break;
    }
    return count;
}

void bench_write_pairs(const report *r, const block *b, FILE *out)
{
    pair pairs[BENCH_NAMES];
    size_t count = pairs_of(r, b, pairs);
    for (size_t i = 0; i < count; i++) {
        fputs("  ", out);
        pair_write(pairs[i].first->label, pairs[i].other->label, pairs[i].factor, pairs[i].p, out);
        fputc('\n', out);
    }
}
