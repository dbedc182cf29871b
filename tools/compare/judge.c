/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A row has changed if its interval excludes no change, and its median has changed by more than the
 * threshold. Intervals hold for all rows at once: each alone would err now and then, and a table of
 * many nearly always. */
#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/ranks.h>

#define CHANCE 0.05 /* that something is said to have changed that has not */

const char *const compare_verdict_names[COMPARE_VERDICTS] = {
    [COMPARE_SAME] = "no change",       [COMPARE_SLOWER] = "slower",
    [COMPARE_FASTER] = "faster",        [COMPARE_FEW] = "too few samples",
    [COMPARE_DISTURBED] = "disturbed",  [COMPARE_OTHER] = "other answer",
    [COMPARE_FAILED] = "failed",        [COMPARE_NONE] = "failed before",
    [COMPARE_ONLY_OLD] = "only in old", [COMPARE_ONLY_NEW] = "only in new",
};

static const result_row *counterpart(const result *in, const result_row *of)
{
    for (size_t i = 0; i < in->row_count; i++)
        if (result_same_row(&in->rows[i], of))
            return &in->rows[i];
    return NULL;
}

/* The verdict that needs no times; COMPARE_SAME: there is none. */
static compare_verdict without_times(const compare_change *c)
{
    if (!c->before || !c->after)
        return c->before ? COMPARE_ONLY_OLD : COMPARE_ONLY_NEW;
    if (*c->before->error)
        return COMPARE_NONE;
    if (*c->after->error)
        return COMPARE_FAILED;
    if (strcmp(c->before->answer, c->after->answer) != 0)
        return COMPARE_OTHER;
    return c->before->spoilt || c->after->spoilt ? COMPARE_DISTURBED : COMPARE_SAME;
}

static void measure(compare_change *c, size_t rows)
{
    const result_row *a = c->before, *b = c->after;
    c->old = estimate_of(a->values, a->count);
    c->now = estimate_of(b->values, b->count);
    c->quotient = estimate_of_quotient(b->values, b->count, a->values, a->count, rows);
    c->p = p_of_groups(b->values, b->count, a->values, a->count);
}

/* Few: even if all new samples were above all old ones, that would be chance too often. */
static compare_verdict by_times(const compare_report *r, const compare_change *c)
{
    double change = c->quotient.median - 1;
    if (p_least_of_groups(c->before->count, c->after->count) * (double)r->compared >= CHANCE)
        return COMPARE_FEW;
    if (!differs_from_one(c->quotient) || fabs(change) <= r->options->threshold)
        return COMPARE_SAME;
    return change > 0 ? COMPARE_SLOWER : COMPARE_FASTER;
}

static void judge_all(compare_report *r)
{
    for (size_t i = 0; i < r->change_count; i++) {
        compare_change *c = &r->changes[i];
        c->verdict = without_times(c);
        r->compared += c->verdict == COMPARE_SAME;
    }
    for (size_t i = 0; i < r->change_count; i++) {
        compare_change *c = &r->changes[i];
        if (c->verdict == COMPARE_SAME || c->verdict == COMPARE_DISTURBED)
            measure(c, r->compared ? r->compared : 1);
        if (c->verdict == COMPARE_SAME)
            c->verdict = by_times(r, c);
        r->counts[c->verdict]++;
    }
}

static int compare_files(compare_report *r)
{
    const result *old = &r->results[0], *new = &r->results[1];
    r->changes = calloc(old->row_count + new->row_count + 1, sizeof *r->changes);
    if (!r->changes)
        return -ENOMEM;
    for (size_t i = 0; i < new->row_count; i++)
        r->changes[r->change_count++] =
            (compare_change){.before = counterpart(old, &new->rows[i]), .after = &new->rows[i]};
    for (size_t i = 0; i < old->row_count; i++)
        if (!counterpart(new, &old->rows[i]))
            r->changes[r->change_count++] = (compare_change){.before = &old->rows[i]};
    judge_all(r);
    return 0;
}

/* Serial code has no number of workers: it is set against all. */
static bool is_pair(const result_row *a, const result_row *b)
{
    return a->block == b->block && !*a->error && !*b->error &&
           (a->serial || b->serial || a->workers == b->workers);
}

static int judge_pairs(compare_report *r)
{
    size_t count = 0;
    double *p = malloc((r->pair_count + 1) * sizeof *p);
    if (!p)
        return -ENOMEM;
    for (size_t i = 0; i < r->pair_count; i++)
        if (r->pairs[i].figures.rounds >= PAIR_ROUNDS)
            p[count++] = r->pairs[i].figures.p;
    r->cutoff = pair_cutoff(p, count);
    free(p);
    return 0;
}

static int compare_columns(compare_report *r)
{
    const result *all = &r->results[0];
    size_t room = 0;
    for (size_t i = 0; i < all->row_count; i++)
        for (size_t k = i + 1; k < all->row_count; k++)
            room += is_pair(&all->rows[i], &all->rows[k]);
    r->pairs = calloc(room + 1, sizeof *r->pairs);
    if (!r->pairs)
        return -ENOMEM;
    for (size_t i = 0; i < all->row_count; i++)
        for (size_t k = i + 1; k < all->row_count; k++) {
            const result_row *a = &all->rows[i], *b = &all->rows[k];
            size_t rounds = a->count < b->count ? a->count : b->count;
            if (!is_pair(a, b))
                continue;
            r->pairs[r->pair_count++] =
                (compare_pair){.first = a,
                               .other = b,
                               .figures = {estimate_of_ratio(b->values, a->values, rounds),
                                           p_of_pairs(b->values, a->values, rounds), rounds}};
        }
    return judge_pairs(r);
}

int compare_judge(compare_report *r)
{
    return r->options->path_count == 2 ? compare_files(r) : compare_columns(r);
}

void compare_free(compare_report *r)
{
    for (size_t i = 0; i < r->options->path_count; i++)
        result_free(&r->results[i]);
    free(r->changes);
    free(r->pairs);
}

int compare_status(const compare_report *r)
{
    if (r->counts[COMPARE_SLOWER] || r->counts[COMPARE_FAILED] ||
        (r->options->either && r->counts[COMPARE_FASTER]))
        return 1;
    if (r->options->path_count == 1)
        return r->pair_count > 0 ? 0 : 2;
    return r->compared > r->counts[COMPARE_FEW] ? 0 : 2;
}
