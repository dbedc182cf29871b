/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "growth.h"

#include <math.h>
#include <stdio.h>

void growth_add(growth *g, double share, double bytes)
{
    unsigned part = (unsigned)(share * GROWTH_PARTS);
    if (part >= GROWTH_PARTS)
        part = GROWTH_PARTS - 1;
    g->sum[part] += bytes;
    g->count[part]++;
}

double growth_mean(const growth *g, unsigned part)
{
    return g->count[part] ? g->sum[part] / g->count[part] : NAN;
}

double growth_ratio(const growth *g)
{
    return growth_mean(g, GROWTH_PARTS - 1) / growth_mean(g, 1);
}

double growth_slope(const growth *g, double jobs)
{
    enum { FIRST = 1, COUNT = GROWTH_PARTS - FIRST };
    double up = 0, across = 0, middle = FIRST + (COUNT - 1) / 2.0;
    for (unsigned part = FIRST; part < GROWTH_PARTS; part++) {
        up += (part - middle) * growth_mean(g, part);
        across += (part - middle) * (part - middle);
    }
    return up / across / (jobs / GROWTH_PARTS);
}

void growth_print(const growth *g)
{
    printf("    MiB of the service in each tenth of the jobs:");
    for (unsigned part = 0; part < GROWTH_PARTS; part++)
        printf(" %.2f", growth_mean(g, part) / (1 << 20));
    printf("\n");
}
