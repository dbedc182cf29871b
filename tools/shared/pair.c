/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pair.h"

const char *p_text(double p, char *text, size_t size)
{
    if (p < 0.0001)
        snprintf(text, size, "< 0.0001");
    else
        snprintf(text, size, p < 0.1 ? "= %.1g" : "= %.2f", p);
    return text;
}

pair_verdict pair_judge(estimate factor, double p)
{
    const double same = 0.03, chance = 0.05;
    if (differs_from_one(factor))
        return p <= chance ? PAIR_BEATS : PAIR_LEADS;
    return factor.low >= 1 - same && factor.high <= 1 + same ? PAIR_EQUALS : PAIR_UNDECIDED;
}

const char *pair_verb(pair_verdict verdict)
{
    static const char *const verbs[] = {"beats", "leads", "equals", "cannot be told from"};
    return verbs[verdict];
}

/* A digit more where 1 is near: 1.002 lies above it. */
static void write_bound(double bound, FILE *out)
{
    fprintf(out, bound > 0.99 && bound < 1.01 ? "%.4g" : "%.3g", bound);
}

void pair_write(const char *first, const char *other, estimate factor, double p, FILE *out)
{
    char chance[32];
    const pair_verdict verdict = pair_judge(factor, p);
    const bool swap = differs_from_one(factor) && factor.median < 1;
    if (swap)
        factor = (estimate){1 / factor.median, 1 / factor.high, 1 / factor.low};
    fprintf(out, "%s %s %s: %.3gx (", swap ? other : first, pair_verb(verdict),
            swap ? first : other, factor.median);
    write_bound(factor.low, out);
    fputs(" .. ", out);
    write_bound(factor.high, out);
    fprintf(out, "), p %s", p_text(p, chance, sizeof chance));
}
