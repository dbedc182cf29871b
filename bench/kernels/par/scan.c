/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Prefix sums: serial code reads and writes each item once; a parallel scan reads
 * some of them twice, and one worker alone must not. */
#include "../kernel.h"
#include "par.h"

#include <filch/scan.h>

#include <errno.h>

#ifdef KERNEL_AS_SERIAL
static int prefix(const long *in, size_t n, long *out)
{
    long sum = 0;
    for (size_t i = 0; i < n; i++)
        out[i] = sum += in[i];
    return 0;
}
#else
FILCH_SCAN(prefix, long, 0, FILCH_PLUS)
#endif

static int setup(kernel_run *run)
{
    par_prefix *d = par_setup(run, sizeof *d, 2, sizeof *d->in);
    if (!d)
        return -ENOMEM;
    const size_t n = (size_t)run->size->n;
    long *in = data_items(run);
    *d = (par_prefix){.in = in, .out = in + n, .n = n};
    memset(d->out, 0, n * sizeof *d->out);
    for (size_t i = 0; i < n; i++)
        d->in[i] = (long)(i & 1023) - 500;
    return 0;
}

/* No chunk can be left out and look right. */
static void prepare(kernel_run *run)
{
    par_prefix *d = run->data;
    for (size_t i = 0; i < d->n; i += 64)
        d->out[i] = -1;
}

static void run_prefix(void *place, kernel_run *run)
{
    par_prefix *d = run->data;
    par_expect(RUN(place, prefix, d->in, d->n, d->out));
}

/* Every sum counts, each with its place. */
static void finish(kernel_run *run)
{
    const par_prefix *d = run->data;
    run->answer = 0;
    for (size_t i = 0; i < d->n; i++)
        run->answer += (uint64_t)d->out[i] * (i + 1);
}

const kernel KERNEL(scan) = {
    .name = "scan",
    .what = "parallel prefix sums of 64-bit integers",
    .source = "Blelloch 1990",
    .quick_unless_asked = true,
    .sizes = {{"10^4 longs", 10000, 18446743451310614036u, 0},
              {"10^7 longs", 10000000, 10488769529758712608u, 0},
              {"10^8 longs", 100000000, 13555037833170046784u, 0}},
    .bytes_each = 2 * sizeof(long),
    .setup = setup,
    .prepare = prepare,
    .run = run_prefix,
    .finish = finish,
    .teardown = data_teardown,
};
