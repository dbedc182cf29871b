/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fast Fourier transform of n complex numbers by halves: those at even and at odd places at
 * once, then butterflies over both. Half of the memory traffic is strided.
 *
 * The kernel squares a sequence of small complex integers by convolution: transform, square each
 * number, transform again (that reverses the order, and so inverts the first up to a factor). The
 * result consists of integers again, which schoolbook multiplication finds as well. */
#include "data.h"
#include "kernel.h"

#include <errno.h>
#include <math.h>

enum { LEAF = 1024, BAND = 4096 };

typedef struct complex_number {
    double re, im;
} complex_number;

typedef struct sequence {
    complex_number *in, *out;
    complex_number *roots; /* exp(-2 pi i k / n) for k < n / 2 */
    long n;
} sequence;

/* The butterflies k of [from, to) of one transform, whose halves lie in out. */
typedef struct level {
    complex_number *out;
    const complex_number *roots;
    long half, stride; /* between the roots it needs */
} level;

static void butterflies(const level *l, long from, long to)
{
    for (long k = from; k < to; k++) {
        complex_number *low = l->out + k, *high = low + l->half;
        const complex_number w = l->roots[k * l->stride], even = *low, odd = *high;
        const complex_number turned = {odd.re * w.re - odd.im * w.im,
                                       odd.re * w.im + odd.im * w.re};
        *low = (complex_number){even.re + turned.re, even.im + turned.im};
        *high = (complex_number){even.re - turned.re, even.im - turned.im};
    }
}

RANGE_TASK(combine, BAND, const level, butterflies)

static void transform_leaf(complex_number *out, const complex_number *in, long n, long stride,
                           const complex_number *roots)
{
    if (n == 1) {
        *out = *in;
        return;
    }
    transform_leaf(out, in, n / 2, 2 * stride, roots);
    transform_leaf(out + n / 2, in + stride, n / 2, 2 * stride, roots);
    butterflies(&(level){out, roots, n / 2, stride}, 0, n / 2);
}

/* Of every stride-th number of in. */
VOID_TASK(transform, (complex_number *, out), (const complex_number *, in), (long, n),
          (long, stride), (const complex_number *, roots))
{
    if (n <= LEAF) {
        transform_leaf(out, in, n, stride, roots);
        return;
    }
    const level top = {out, roots, n / 2, stride};
    FORK_VOID(transform, out + n / 2, in + stride, n / 2, 2 * stride, roots);
    CALL(transform, out, in, n / 2, 2 * stride, roots);
    JOIN_VOID(transform);
    CALL(combine, &top, 0, n / 2);
}

static void square_each(sequence *s, long from, long to)
{
    for (long k = from; k < to; k++) {
        const complex_number z = s->out[k];
        s->out[k] = (complex_number){z.re * z.re - z.im * z.im, 2 * z.re * z.im};
    }
}

RANGE_TASK(square, BAND, sequence, square_each)

VOID_TASK(convolve, (sequence *, s))
{
    CALL(transform, s->out, s->in, s->n, 1, s->roots);
    CALL(square, s, 0, s->n);
    CALL(transform, s->in, s->out, s->n, 1, s->roots);
}

static int setup(kernel_run *run)
{
    const double circle = 6.28318530717958647692;
    const long n = run->size->n;
    if (!data_setup(run, sizeof(sequence), (size_t)(2 * n + n / 2) * sizeof(complex_number)))
        return -ENOMEM;
    complex_number *numbers = data_items(run);
    sequence *s = DATA(sequence, run);
    *s = (sequence){.in = numbers, .out = numbers + n, .roots = numbers + 2 * n, .n = n};
    for (long k = 0; k < n / 2; k++) {
        const double angle = -circle * (double)k / (double)n;
        s->roots[k] = (complex_number){cos(angle), sin(angle)};
    }
    memset(s->out, 0, (size_t)n * sizeof *s->out);
    return 0;
}

static void prepare(kernel_run *run)
{
    sequence *s = DATA(sequence, run);
    uint32_t state = 1;
    for (long k = 0; k < s->n; k++) {
        state = state * 1664525u + 1013904223u;
        s->in[k] = (complex_number){(double)(state >> 28) - 8, (double)(state >> 24 & 15) - 8};
    }
}

static void run_fft(void *place, kernel_run *run)
{
    RUN(place, convolve, DATA(sequence, run));
}

/* How far a number was from the nearest integer, which *out is. */
static double round_off(double number, int64_t *out)
{
    const double whole = floor(number + 0.5);
    *out = (int64_t)whole;
    return fabs(number - whole);
}

static void finish(kernel_run *run)
{
    const sequence *s = DATA(sequence, run);
    double worst = 0;
    run->answer = 0;
    for (long k = 0; k < s->n; k++) {
        const complex_number z = s->in[(s->n - k) % s->n];
        int64_t re, im;
        worst = fmax(worst, round_off(z.re / (double)s->n, &re));
        worst = fmax(worst, round_off(z.im / (double)s->n, &im));
        run->answer += (uint64_t)(k + 1) * ((uint64_t)re + 3 * (uint64_t)im);
    }
    if (worst > 0.01)
        run->answer = 0;
}

const kernel KERNEL(fft) = {
    .name = "fft",
    .what = "convolution by two Fourier transforms: regular, strided memory",
    .source = "Cooley and Tukey 1965; Cilk 5 distribution; the answers are those of the schoolbook",
    .sizes = {{"2^10", 1 << 10, 479097550, 0},
              {"2^18", 1 << 18, 13795114987716508u, 831},
              {"2^21", 1 << 21, 6871952653960051136u, 8191}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_fft,
    .finish = finish,
    .teardown = data_teardown,
};
