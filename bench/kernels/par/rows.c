/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops of few iterations of very different lengths: rows of the Mandelbrot set, whose middle is
 * the longest part, and a triangular loop, whose end is. */
#include "../kernel.h"
#include "par.h"

#include <filch/for.h>

#ifdef KERNEL_AS_SERIAL
static int mandelbrot(size_t begin, size_t end, size_t n, uint32_t *counts)
{
    for (size_t i = begin; i < end; i++)
        counts[i] = par_mandelbrot_row(i, n);
    return 0;
}
static int triangle(size_t begin, size_t end, uint32_t *counts)
{
    for (size_t i = begin; i < end; i++)
        counts[i] = par_triangle_row(i);
    return 0;
}
#else
FILCH_FOR(mandelbrot, i, (size_t, n), (uint32_t *, counts))
{
    counts[i] = par_mandelbrot_row(i, n);
}
FILCH_FOR(triangle, i, (uint32_t *, counts))
{
    counts[i] = par_triangle_row(i);
}
#endif

static int setup(kernel_run *run)
{
    return par_rows_setup(run, 0);
}

static void run_mandelbrot(void *place, kernel_run *run)
{
    par_rows *d = run->data;
    par_expect(RUN(place, mandelbrot, 0, d->n, d->n, d->counts));
}

static void run_triangle(void *place, kernel_run *run)
{
    par_rows *d = run->data;
    par_expect(RUN(place, triangle, 0, d->n, d->counts));
}

const kernel KERNEL(mandelbrot) = {
    .name = "mandelbrot",
    .what = "parallel loop: rows of the Mandelbrot set, the middle ones the longest",
    .source = "Brooks and Matelski 1981",
    .sizes = {{"64 rows", 64, 9134113, 0},
              {"512 rows", 512, 4547764941, 0},
              {"1536 rows", 1536, 122384597019, 0}},
    .quick_unless_asked = true,
    .setup = setup,
    .prepare = par_rows_prepare,
    .run = run_mandelbrot,
    .finish = par_rows_finish,
    .teardown = data_teardown,
};

const kernel KERNEL(triangle) = {
    .name = "triangle",
    .what = "parallel loop: iteration i takes i steps",
    .source = "guided self-scheduling, Polychronopoulos and Kuck 1987",
    .sizes = {{"300 rows", 300, 99634909799516, 0},
              {"8000 rows", 8000, 69793701288800960, 0},
              {"24000 rows", 24000, 619293130096724032, 0}},
    .quick_unless_asked = true,
    .setup = setup,
    .prepare = par_rows_prepare,
    .run = run_triangle,
    .finish = par_rows_finish,
    .teardown = data_teardown,
};
