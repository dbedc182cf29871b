/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * OpenMP: loops of equal iterations with its static schedule, irregular ones with its dynamic one.
 * It has no sort. */
#include "../kernels/par/par.h"
#include "peer.h"

#include <omp.h>

static void *open_team(unsigned workers)
{
    static char team;
    omp_set_dynamic(0);
    omp_set_num_threads((int)workers);
    return &team;
}

static void run_for(void *place, kernel_run *run)
{
    (void)place;
    const par_scale *d = run->data;
    float *x = d->x, a = d->a, b = d->b;
    size_t n = d->n;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * a + b;
}

static void run_mandelbrot(void *place, kernel_run *run)
{
    (void)place;
    const par_rows *d = run->data;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < d->n; i++)
        d->counts[i] = par_mandelbrot_row(i, d->n);
}

static void run_triangle(void *place, kernel_run *run)
{
    (void)place;
    const par_rows *d = run->data;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < d->n; i++)
        d->counts[i] = par_triangle_row(i);
}

static void run_reduce(void *place, kernel_run *run)
{
    (void)place;
    par_sum *d = run->data;
    const double *x = d->x;
    size_t n = d->n;
    double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    d->sum = sum;
}

/* Each thread sums its part, then, knowing what is before it, scans it. */
static void run_scan(void *place, kernel_run *run)
{
    (void)place;
    enum { MOST = 1024 };
    static long sums[MOST + 1];
    const par_prefix *d = run->data;
    const long *in = d->in;
    long *out = d->out;
#pragma omp parallel
    {
        size_t me = (size_t)omp_get_thread_num(), team = (size_t)omp_get_num_threads();
        size_t part = (d->n + team - 1) / team, begin = me * part < d->n ? me * part : d->n;
        size_t end = d->n - begin < part ? d->n : begin + part;
        long sum = 0;
        for (size_t i = begin; i < end; i++)
            sum += in[i];
        sums[me + 1] = sum;
#pragma omp barrier
        sum = 0;
        for (size_t before = 1; before <= me; before++)
            sum += sums[before];
        for (size_t i = begin; i < end; i++)
            out[i] = sum += in[i];
    }
}

static const peer_kernel kernels_here[] = {
    {"for", run_for},           {"mandelbrot", run_mandelbrot},
    {"triangle", run_triangle}, {"reduce", run_reduce},
    {"scan", run_scan},         {NULL, NULL},
};

extern const peer peer_openmp;
const peer peer_openmp = {"openmp", open_team, kernels_here};
