/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Four loops of 40 to 150 us, as libraries for linear algebra and solvers have them, that are called again
 * and again. Equal answers show that all iterations of all calls were run. */
#ifndef BARS_REGION_LOOPS_H
#define BARS_REGION_LOOPS_H

#include "../measure.h"

enum {
    MOST = 1000, /* iterations of a loop */
    BODIES = 128 /* of the N-body step */
};

typedef struct body {
    double x, y, z, vx, vy, vz;
} body;

/* A loop that is called again and again: iteration i of call c is item(r, i). */
typedef struct region {
    const char *name;
    size_t n;
    double us; /* that a chain lasts; 0: the N-body step */
    void (*item)(struct region *r, size_t i);
    long steps;    /* of a chain */
    unsigned call; /* the number of calls before this one */
    uint64_t sum[MOST];
    body at[2][BODIES]; /* before and after a step, by turns */
} region;

static inline uint64_t run_chain(uint64_t x, long steps)
{
    for (long i = 0; i < steps; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

static inline void item_chain(region *r, size_t i)
{
    r->sum[i] += run_chain(i + r->call, r->steps);
}

static inline void item_body(region *r, size_t i)
{
    const body *from = r->at[r->call % 2];
    body b = from[i];
    double ax = 0, ay = 0, az = 0;
    for (size_t j = 0; j < BODIES; j++) {
        double dx = from[j].x - b.x, dy = from[j].y - b.y, dz = from[j].z - b.z;
        double square = dx * dx + dy * dy + dz * dz + 1e-3, pull = 1 / (square * sqrt(square));
        ax += dx * pull;
        ay += dy * pull;
        az += dz * pull;
    }
    b.vx += ax * 1e-6;
    b.vy += ay * 1e-6;
    b.vz += az * 1e-6;
    b.x += b.vx * 1e-6;
    b.y += b.vy * 1e-6;
    b.z += b.vz * 1e-6;
    r->at[(r->call + 1) % 2][i] = b;
}

static inline double steps_per_us(void)
{
    const long steps = 200000;
    volatile uint64_t x = 1;
    double best = 1e9;
    for (int i = 0; i < 15; i++) {
        double from = measure_now();
        x = run_chain(x, steps);
        best = fmin(best, measure_now() - from);
    }
    return (double)steps / best * 1e-6;
}

static inline void reset(region *r)
{
    r->call = 0;
    memset(r->sum, 0, sizeof r->sum);
    for (size_t i = 0; i < BODIES; i++) {
        double a = (double)i;
        r->at[0][i] = (body){cos(a * 7), sin(a * 5), cos(a * 3), 0, 0, 0};
    }
}

/* Equal for equal results, bit by bit. */
static inline uint64_t answer(const region *r)
{
    uint64_t sum = 0, word;
    for (size_t i = 0; i < MOST; i++)
        sum = sum * 31 + r->sum[i];
    for (size_t i = 0; i < BODIES; i++) {
        memcpy(&word, &r->at[r->call % 2][i].x, sizeof word);
        sum = sum * 31 + word;
    }
    return sum;
}

static inline void items(void *context, size_t begin, size_t end)
{
    region *r = context;
    for (size_t i = begin; i < end; i++)
        r->item(r, i);
}

static region regions[] = {
    {.name = "64 x 1 us", .n = 64, .us = 1, .item = item_chain},
    {.name = "16 x 10 us", .n = 16, .us = 10, .item = item_chain},
    {.name = "1,000 x 0.1 us", .n = 1000, .us = 0.1, .item = item_chain},
    {.name = "N-body of 128", .n = BODIES, .item = item_body},
};
enum { REGIONS = sizeof regions / sizeof regions[0] };

#endif
