/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sum of doubles: one addition an item, each of which waits for the one
 * before it. */
#include "../kernel.h"
#include "par.h"

#include <filch/reduce.h>

#include <errno.h>

#ifdef KERNEL_AS_SERIAL
static int sum(size_t begin, size_t end, double *out, const double *x)
{
    double s = 0;
    for (size_t i = begin; i < end; i++)
        s += x[i];
    *out = s;
    return 0;
}
#else
FILCH_REDUCE(sum, double, 0.0, FILCH_PLUS, i, (const double *, x))
{
    return x[i];
}
#endif

static int setup(kernel_run *run)
{
    par_sum *d = par_setup(run, sizeof *d, 1, sizeof *d->x);
    if (!d)
        return -ENOMEM;
    const size_t n = (size_t)run->size->n;
    *d = (par_sum){.x = data_items(run), .n = n};
    for (size_t i = 0; i < n; i++)
        d->x[i] = (double)(i & 1023);
    return 0;
}

static void prepare(kernel_run *run)
{
    par_sum *d = run->data;
    d->sum = 0;
}

static void run_sum(void *place, kernel_run *run)
{
    par_sum *d = run->data;
    par_expect(RUN(place, sum, 0, d->n, &d->sum, d->x));
}

static void finish(kernel_run *run)
{
    const par_sum *d = run->data;
    run->answer = (uint64_t)d->sum;
}

const kernel KERNEL(reduce) = {
    .name = "reduce",
    .what = "parallel reduction: the sum of doubles",
    .source = "Blelloch 1990",
    .quick_unless_asked = true,
    .sizes = {{"10^4 doubles", 10000, 5020920, 0},
              {"10^7 doubles", 10000000, 5114877120, 0},
              {"10^8 doubles", 100000000, 51149901696, 0}},
    .bytes_each = sizeof(double),
    .setup = setup,
    .prepare = prepare,
    .run = run_sum,
    .finish = finish,
    .teardown = data_teardown,
};
