/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pair.h"

#define CHANCE 0.02
#define SAME 0.03

const char *const pair_verdict_names[PAIR_VERDICTS] = {
    [PAIR_FASTER] = "faster",       [PAIR_SLOWER] = "slower",      [PAIR_EQUAL] = "equal",
    [PAIR_UNDECIDED] = "undecided", [PAIR_FEW] = "too few rounds",
};

const char *p_text(double p, char *text, size_t size)
{
    if (p < 0.0001)
        snprintf(text, size, "< 0.0001");
    else
        snprintf(text, size, p < 0.1 ? "= %.1g" : "= %.2f", p);
    return text;
}

/* The largest p[k] that is at most (k + 1) / count of CHANCE; without one, that of a single pair. */
double pair_cutoff(double *p, size_t count)
{
    put_in_order(p, count);
    for (size_t k = count; k-- > 0;)
        if (p[k] <= CHANCE * (double)(k + 1) / (double)count)
            return p[k];
    return CHANCE / (double)(count ? count : 1);
}

pair_verdict pair_judge(const pair_figures *f, double cutoff)
{
    if (f->rounds < PAIR_ROUNDS)
        return PAIR_FEW;
    if (f->factor.low >= 1 - SAME && f->factor.high <= 1 + SAME)
        return PAIR_EQUAL;
    if (!differs_from_one(f->factor) || f->p > cutoff)
        return PAIR_UNDECIDED;
    return f->factor.median > 1 ? PAIR_FASTER : PAIR_SLOWER;
}

/* A digit more where 1 is near: 1.002 lies above it. */
static void write_bound(double bound, FILE *out)
{
    fprintf(out, bound > 0.99 && bound < 1.01 ? "%.4g" : "%.3g", bound);
}

/* "95 % CI 45.1-48.9"; of few values there is only their range. */
static void write_interval(estimate factor, size_t rounds, FILE *out)
{
    fputs(rounds < STATISTICS_FEW ? "range " : "95 % CI ", out);
    write_bound(factor.low, out);
    fputc('-', out);
    write_bound(factor.high, out);
}

void pair_write(const char *first, const char *other, const pair_figures *f, double cutoff,
                FILE *out)
{
    char chance[32];
    estimate factor = f->factor;
    const pair_verdict verdict = pair_judge(f, cutoff);
    if (verdict == PAIR_SLOWER)
        factor = (estimate){1 / factor.median, 1 / factor.high, 1 / factor.low};
    fprintf(out, "%s vs %s: ", first, other);
    if (verdict == PAIR_FEW)
        fprintf(out, "no verdict from %zu round%s (", f->rounds, f->rounds == 1 ? "" : "s");
    else if (verdict == PAIR_EQUAL)
        fputs("equal within 3 % (", out);
    else if (verdict == PAIR_UNDECIDED)
        fputs("no significant difference (", out);
    if (verdict == PAIR_FASTER || verdict == PAIR_SLOWER)
        fprintf(out, "%.3gx %s (", factor.median, pair_verdict_names[verdict]);
    else
        fprintf(out, "%.3gx, ", factor.median);
    write_interval(factor, f->rounds, out);
    fprintf(out, ", p %s)", p_text(f->p, chance, sizeof chance));
}
