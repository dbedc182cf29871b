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

void pair_write(const char *first, const char *other, estimate factor, double p, FILE *out)
{
    char chance[32];
    bool differs = differs_from_one(factor), swap = differs && factor.median < 1;
    if (swap)
        factor = (estimate){1 / factor.median, 1 / factor.high, 1 / factor.low};
    fprintf(out, "%s %s %s: %.3gx (%.3g .. %.3g), p %s", swap ? other : first,
            differs ? "beats" : "equals", swap ? first : other, factor.median, factor.low,
            factor.high, p_text(p, chance, sizeof chance));
}
