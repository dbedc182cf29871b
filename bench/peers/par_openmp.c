/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * OpenMP: loops of equal iterations with its static schedule, irregular ones with its dynamic one.
 * It has no sort. Compiled by another compiler too, PEER_OPENMP names the record; that compiler's
 * runtime lies in the same process, where functions of omp.h would be those of the first. So there
 * are none of them here: the team's size stands at each region. */
#include "../kernels/par/par.h"
#include "peer.h"

#ifndef PEER_OPENMP
#define PEER_OPENMP peer_openmp
#define PEER_NAME "openmp"
#endif

static void *open_team(unsigned workers)
{
    static int team;
    team = (int)workers;
    return &team;
}

static int team_of(void *place)
{
    return *(const int *)place;
}

static void run_for(void *place, kernel_run *run)
{
    const int team = team_of(place);
    const par_scale *d = run->data;
    float *x = d->x, a = d->a, b = d->b;
    size_t n = d->n;
#pragma omp parallel for schedule(static) num_threads(team)
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * a + b;
}

static void run_mandelbrot(void *place, kernel_run *run)
{
    const int team = team_of(place);
    const par_rows *d = run->data;
#pragma omp parallel for schedule(dynamic) num_threads(team)
    for (size_t i = 0; i < d->n; i++)
        d->counts[i] = par_mandelbrot_row(i, d->n);
}

static void run_triangle(void *place, kernel_run *run)
{
    const int team = team_of(place);
    const par_rows *d = run->data;
#pragma omp parallel for schedule(dynamic) num_threads(team)
    for (size_t i = 0; i < d->n; i++)
        d->counts[i] = par_triangle_row(i);
}

static void run_bodies(void *place, kernel_run *run)
{
    const int team = team_of(place);
    const par_rows *d = run->data;
#pragma omp parallel for schedule(static) num_threads(team)
    for (size_t i = 0; i < d->n; i++)
        d->counts[i] = par_steps(i, d->steps);
}

static void run_reduce(void *place, kernel_run *run)
{
    const int team = team_of(place);
    par_sum *d = run->data;
    const double *x = d->x;
    size_t n = d->n;
    double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum) num_threads(team)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    d->sum = sum;
}

/* Where a part ends; it may be empty. */
static size_t end_of(size_t n, size_t length, int part)
{
    const size_t end = ((size_t)part + 1) * length;
    return end < n ? end : n;
}

/* Each thread sums its part, then, knowing what is before it, scans it. */
static void run_scan(void *place, kernel_run *run)
{
    enum { MOST = 1024 };
    static long sums[MOST + 1];
    const int team = team_of(place);
    const par_prefix *d = run->data;
    const long *in = d->in;
    long *out = d->out;
    const size_t n = d->n, length = (n + (size_t)team - 1) / (size_t)team;
#pragma omp parallel num_threads(team)
    {
#pragma omp for schedule(static, 1)
        for (int part = 0; part < team; part++) {
            const size_t end = end_of(n, length, part);
            long sum = 0;
            for (size_t i = (size_t)part * length; i < end; i++)
                sum += in[i];
            sums[part + 1] = sum;
        }
#pragma omp for schedule(static, 1)
        for (int part = 0; part < team; part++) {
            const size_t end = end_of(n, length, part);
            long sum = 0;
            for (int before = 1; before <= part; before++)
                sum += sums[before];
            for (size_t i = (size_t)part * length; i < end; i++)
                out[i] = sum += in[i];
        }
    }
}

static const peer_kernel kernels_here[] = {
    {"for", run_for},
    {"mandelbrot", run_mandelbrot},
    {"triangle", run_triangle},
    {"for-100ns", run_bodies},
    {"for-1us", run_bodies},
    {"for-10us", run_bodies},
    {"reduce", run_reduce},
    {"scan", run_scan},
    {NULL, NULL},
};

extern const peer PEER_OPENMP;
const peer PEER_OPENMP = {PEER_NAME, open_team, kernels_here};
