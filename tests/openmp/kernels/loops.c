/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Programs of short parallel loops, one after the other. daxpy: one loop over two vectors. stencil: sweeps of Jacobi's
 * method over a square. hydro: steps of a hydrodynamics code in the manner of LULESH. Loops over the elements and the
 * nodes of an irregular mesh gather from each other, and a reduction finds the next time step. */
#include "kernel.h"

#include <string.h>

enum { SIDE = 96, CORNERS = 4 };

/* ---- daxpy ---- */

static double daxpy(int n, int rounds, bool parallel)
{
    double *x = memory((size_t)n * sizeof *x), *y = memory((size_t)n * sizeof *y), sum = 0;
    for (int i = 0; i < n; i++)
        x[i] = i % 7, y[i] = i % 5;
    for (int round = 0; round < rounds; round++) {
#pragma omp parallel for if (parallel)
        for (int i = 0; i < n; i++)
            y[i] += 0.5 * x[i];
    }
    for (int i = 0; i < n; i++)
        sum += y[i];
    free(x);
    free(y);
    return sum;
}

/* ---- stencil ---- */

static double stencil(int side, int sweeps, bool parallel)
{
    const size_t cells = (size_t)side * (size_t)side;
    double *from = memory(cells * sizeof *from), *to = memory(cells * sizeof *to), sum = 0;
    for (size_t i = 0; i < cells; i++)
        from[i] = to[i] = (double)(mix(i) % 1000);
    for (int sweep = 0; sweep < sweeps; sweep++) {
#pragma omp parallel for if (parallel)
        for (int i = 1; i < side - 1; i++)
            for (int j = 1; j < side - 1; j++)
                to[i * side + j] = 0.25 * (from[(i - 1) * side + j] + from[(i + 1) * side + j] +
                                           from[i * side + j - 1] + from[i * side + j + 1]);
        double *other = from;
        from = to;
        to = other;
    }
    for (size_t i = 0; i < cells; i++)
        sum += from[i];
    free(from);
    free(to);
    return sum;
}

/* ---- hydro ---- */

typedef struct mesh {
    int elements, nodes;
    int (*corner)[CORNERS]; /* nodes of each element */
    int *first, *element,
        *which; /* of node i: first[i] .. first[i + 1] - 1 are its elements and corners */
    double *place, *speed, *force; /* of nodes */
    double *energy, *pressure;     /* of elements */
    double (*push)[CORNERS];       /* of each element on its nodes */
} mesh;

static double *numbers(int count, double value)
{
    double *all = memory((size_t)count * sizeof *all);
    for (int i = 0; i < count; i++)
        all[i] = value + (double)(mix((uint64_t)i) % 100) / 1000;
    return all;
}

/* Random corners: gathers miss the cache as those of an unstructured mesh. */
static mesh build(int elements)
{
    mesh m = {.elements = elements, .nodes = elements + 1};
    const size_t ends = (size_t)(elements * CORNERS);
    m.corner = memory((size_t)elements * sizeof *m.corner);
    m.first = memory(((size_t)m.nodes + 1) * sizeof *m.first);
    m.element = memory(ends * sizeof *m.element);
    m.which = memory(ends * sizeof *m.which);
    m.push = memory((size_t)elements * sizeof *m.push);
    memset(m.first, 0, ((size_t)m.nodes + 1) * sizeof *m.first);
    for (int e = 0; e < elements; e++)
        for (int c = 0; c < CORNERS; c++) {
            m.corner[e][c] =
                c < 2 ? e + c : (int)(mix((uint64_t)(e * CORNERS + c)) % (uint64_t)m.nodes);
            m.first[m.corner[e][c] + 1]++;
        }
    for (int i = 0; i < m.nodes; i++)
        m.first[i + 1] += m.first[i];
    int *next = memory((size_t)m.nodes * sizeof *next);
    memcpy(next, m.first, (size_t)m.nodes * sizeof *next);
    for (int e = 0; e < elements; e++)
        for (int c = 0; c < CORNERS; c++) {
            const int at = next[m.corner[e][c]]++;
            m.element[at] = e;
            m.which[at] = c;
        }
    free(next);
    m.place = numbers(m.nodes, 1);
    m.speed = numbers(m.nodes, 0);
    m.force = numbers(m.nodes, 0);
    m.energy = numbers(elements, 2);
    m.pressure = numbers(elements, 1);
    return m;
}

static void drop(mesh *m)
{
    void *all[] = {m->corner, m->first, m->element, m->which,    m->place,
                   m->speed,  m->force, m->energy,  m->pressure, m->push};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static double step(mesh *m, double time, bool parallel)
{
    double least = 1;
#pragma omp parallel for if (parallel)
    for (int e = 0; e < m->elements; e++) {
        double volume = 0;
        for (int c = 0; c < CORNERS; c++)
            volume += m->place[m->corner[e][c]];
        for (int c = 0; c < CORNERS; c++)
            m->push[e][c] = m->pressure[e] / volume * (c % 2 ? 1 : -1);
    }
#pragma omp parallel for if (parallel)
    for (int i = 0; i < m->nodes; i++) {
        m->force[i] = 0;
        for (int k = m->first[i]; k < m->first[i + 1]; k++)
            m->force[i] += m->push[m->element[k]][m->which[k]];
    }
#pragma omp parallel if (parallel)
    {
#pragma omp for nowait
        for (int i = 0; i < m->nodes; i++)
            m->speed[i] = 0.99 * m->speed[i] + time * m->force[i];
#pragma omp for
        for (int i = 0; i < m->nodes; i++)
            m->place[i] += time * m->speed[i];
    }
#pragma omp parallel for if (parallel) reduction(min : least)
    for (int e = 0; e < m->elements; e++) {
        m->energy[e] -= time * m->pressure[e] * 0.01;
        m->pressure[e] = 0.4 * m->energy[e];
        least = m->pressure[e] < least ? m->pressure[e] : least;
    }
    return least < 0.01 ? 0.001 : 0.01 * least;
}

static double hydro(int elements, int steps, bool parallel)
{
    mesh m = build(elements);
    double time = 0.001, sum = 0;
    for (int i = 0; i < steps; i++)
        time = step(&m, time, parallel);
    for (int i = 0; i < m.nodes; i++)
        sum += m.place[i];
    drop(&m);
    return sum;
}

/* ---- All ---- */

static int measure(const char *name, double (*run)(int, int, bool), int size, int rounds)
{
    const double begin = now(), result = run(size, rounds, true);
    const double seconds = now() - begin;
    return report(name, seconds, result == run(size, rounds, false));
}

int main(int argc, char **argv)
{
    const int rounds = size_of(argc, argv, 1500);
    return measure("daxpy", daxpy, 20000, rounds) | measure("stencil", stencil, SIDE, rounds) |
           measure("hydro", hydro, 4000, rounds / 3);
}
