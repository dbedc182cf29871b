/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The integral of (x^2 + 1) x from 0 to n by adaptive trapezoids: halves an interval until halving
 * changes nothing to speak of. An unbalanced binary tree of tasks of a few nanoseconds, with five
 * arguments each. */
#include "kernel.h"

#define TOLERANCE 1e-9

static double curve(double x)
{
    return (x * x + 1) * x;
}

/* area: of the one trapezoid between the two points. */
TASK(double, integral, (double, x1), (double, y1), (double, x2), (double, y2), (double, area))
{
    const double half = (x2 - x1) / 2, x0 = x1 + half, y0 = curve(x0);
    const double left_area = (y1 + y0) / 2 * half, right_area = (y0 + y2) / 2 * half;
    const double error = left_area + right_area - area;
    if (error < TOLERANCE && error > -TOLERANCE)
        return left_area + right_area;
    FORK(double, right, integral, x0, y0, x2, y2, right_area);
    const double left = CALL(integral, x1, y1, x0, y0, left_area);
    JOIN(double, right, integral);
    return left + right;
}

static void run_integrate(void *place, kernel_run *run)
{
    const double end = (double)run->size->n;
    run->answer = (uint64_t)(0.5 + RUN(place, integral, 0, 0, end, curve(end), 0));
}

const kernel KERNEL(integrate) = {
    .name = "integrate",
    .what = "adaptive quadrature: an unbalanced tree of tasks of some nanoseconds",
    .source = "Cilk 5 distribution; the answer is n^4/4 + n^2/2",
    .sizes = {{"10", 10, 2550, 15102},
              {"300", 300, 2025045000, 1672611},
              {"2000", 2000, 4000002000000, 19161153}},
    .shown = KERNEL_WITH_ALL,
    .run = run_integrate,
};
