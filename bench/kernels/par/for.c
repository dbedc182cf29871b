/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * x * a + b over an array, whose body is as light as bodies get. Its speed depends on memory, and
 * on the compiler: can it optimize the loop like a plain one? */
#include "../kernel.h"
#include "par.h"

#include <filch/for.h>

#include <errno.h>

#ifdef KERNEL_AS_SERIAL
static int scale(size_t begin, size_t end, float *x, float a, float b)
{
    for (size_t i = begin; i < end; i++)
        x[i] = x[i] * a + b;
    return 0;
}
#else
FILCH_FOR(scale, i, (float *, x), (float, a), (float, b))
{
    x[i] = x[i] * a + b;
}
#endif

static int setup(kernel_run *run)
{
    par_scale *d = par_setup(run, sizeof *d, 1, sizeof *d->x);
    if (!d)
        return -ENOMEM;
    const size_t n = (size_t)run->size->n;
    *d = (par_scale){.x = data_items(run), .a = 3, .b = 1, .n = n};
    return 0;
}

static void prepare(kernel_run *run)
{
    enum { PERIOD = 1024 };
    float numbers[PERIOD];
    par_scale *d = run->data;
    for (size_t i = 0; i < PERIOD; i++)
        numbers[i] = (float)i;
    for (size_t i = 0; i < d->n; i += PERIOD)
        memcpy(d->x + i, numbers, (d->n - i < PERIOD ? d->n - i : PERIOD) * sizeof *numbers);
}

static void run_scale(void *place, kernel_run *run)
{
    par_scale *d = run->data;
    par_expect(RUN(place, scale, 0, d->n, d->x, d->a, d->b));
}

static void finish(kernel_run *run)
{
    const par_scale *d = run->data;
    run->answer = 0;
    for (size_t i = 0; i < d->n; i++)
        run->answer += (uint64_t)(int)d->x[i];
}

const kernel KERNEL(for) = {
    .name = "for",
    .what = "parallel loop: x[i] * a + b over floats",
    .source = "STREAM's kinds of loops, McCalpin 1995",
    .quick_unless_asked = true,
    .sizes = {{"10^4 floats", 10000, 15072760, 0},
              {"10^7 floats", 10000000, 15354631360, 0},
              {"10^8 floats", 100000000, 153549705088, 0}},
    .bytes_each = sizeof(float),
    .setup = setup,
    .prepare = prepare,
    .run = run_scale,
    .finish = finish,
    .teardown = data_teardown,
};
