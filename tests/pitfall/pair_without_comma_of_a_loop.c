/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_FOR(scale, i, (float *x), (float, factor))
{
    x[i] *= factor;
}

int run(filch_runtime *rt, float *x);
int run(filch_runtime *rt, float *x)
{
    return FILCH_RUN(rt, scale, 0, 10, x, 2.0f);
}
