/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of parallel algorithms, beside plain loops and other libraries'. */
#include "bars.h"

int main(int argc, char **argv)
{
    static const bar bars[] = {
        {"loops", "for", loops_for, 100000000, "N, floats of `for`"},
        {"loops", "mandelbrot", loops_irregular, BARS_SAME},
        {"loops", "triangle", loops_irregular, BARS_SAME},
        {"loops", "small", loops_small, BARS_SAME}, /* last: it has threads */
        {"reduce", NULL, sums_reduce, 100000000, "N, items"},
        {"scan", NULL, sums_scan, 100000000, "N, items"},
        {"sorts", NULL, sorts_judge, 10000000, "N, keys"},
    };
    return bars_main(argc, argv, bars, sizeof bars / sizeof bars[0]);
}
