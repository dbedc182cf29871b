/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Heat in a square plate whose edges are kept at zero: Jacobi's five-point stencil, a hundred
 * steps between two grids. Each step forks over bands of rows and ends in a join of all: regular
 * work with barriers, bounded by memory where the grids do not fit the caches.
 *
 * The start is a standing wave, an eigenvector of the discrete operator. After s steps every cell
 * is known in closed form: its start times a factor to the power of s. The answer is the number of
 * cells that are. */
#include "data.h"
#include "kernel.h"

#include <errno.h>
#include <math.h>

enum { STEPS = 100, BAND = 8, WAVES_DOWN = 3, WAVES_ACROSS = 5 };
static const double PI = 3.14159265358979323846, RATE = 0.125;

typedef struct plate {
    double *now, *next;    /* (n + 2) x (n + 2), with an edge of zeros */
    double *down, *across; /* the wave: cell (i, j) starts as down[i] * across[j] */
    long n;
} plate;

static void step_rows(plate *p, long from, long to)
{
    const long row = p->n + 2;
    for (long i = from; i < to; i++) {
        const double *restrict here = p->now + (i + 1) * row;
        double *restrict out = p->next + (i + 1) * row;
        for (long j = 1; j <= p->n; j++)
            out[j] = here[j] + RATE * (here[j - row] + here[j + row] + here[j - 1] + here[j + 1] -
                                       4 * here[j]);
    }
}

RANGE_TASK(step, BAND, plate, step_rows)

VOID_TASK(steps, (plate *, p))
{
    for (int s = 0; s < STEPS; s++) {
        CALL(step, p, 0, p->n);
        double *swap = p->now;
        p->now = p->next;
        p->next = swap;
    }
}

static int setup(kernel_run *run)
{
    const long n = run->size->n, row = n + 2;
    plate *p;
    if (!data_setup(run, sizeof *p, (size_t)(2 * row * row + 2 * row) * sizeof(double)))
        return -ENOMEM;
    double *numbers = data_items(run);
    p = DATA(plate, run);
    *p = (plate){.now = numbers,
                 .next = numbers + row * row,
                 .down = numbers + 2 * row * row,
                 .across = numbers + 2 * row * row + row,
                 .n = n};
    for (long i = 0; i < row; i++) {
        const bool edge = i == 0 || i == row - 1;
        p->down[i] = edge ? 0 : sin(WAVES_DOWN * PI * (double)i / (double)(n + 1));
        p->across[i] = edge ? 0 : sin(WAVES_ACROSS * PI * (double)i / (double)(n + 1));
    }
    return 0;
}

static void prepare(kernel_run *run)
{
    plate *p = DATA(plate, run);
    const long row = p->n + 2;
    for (long i = 0; i < row; i++)
        for (long j = 0; j < row; j++)
            p->now[i * row + j] = p->down[i] * p->across[j];
    memset(p->next, 0, (size_t)(row * row) * sizeof *p->next);
}

static void run_heat(void *place, kernel_run *run)
{
    RUN(place, steps, DATA(plate, run));
}

static double sine_squared(double waves, long n)
{
    const double sine = sin(waves * PI / 2 / (double)(n + 1));
    return sine * sine;
}

static void finish(kernel_run *run)
{
    const plate *p = DATA(plate, run);
    const long row = p->n + 2;
    const double factor =
                     1 -
                     4 * RATE * (sine_squared(WAVES_DOWN, p->n) + sine_squared(WAVES_ACROSS, p->n)),
                 left = pow(factor, STEPS);
    run->answer = 0;
    for (long i = 1; i <= p->n; i++)
        for (long j = 1; j <= p->n; j++) {
            const double error = p->now[i * row + j] - left * p->down[i] * p->across[j];
            run->answer += error < 1e-11 && error > -1e-11;
        }
}

const kernel KERNEL(heat) = {
    .name = "heat",
    .what = "heat in a plate, 100 Jacobi steps: regular, a barrier a step",
    .source = "Cilk 5 distribution; the answer is the closed form of a standing wave",
    .sizes = {{"32", 32, 32 * 32, 300},
              {"512", 512, 512 * 512, 6300},
              {"2048", 2048, 2048 * 2048, 25500}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_heat,
    .finish = finish,
    .teardown = data_teardown,
};
