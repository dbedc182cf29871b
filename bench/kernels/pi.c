/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Eight hexadecimal digits of pi behind the first n of its fraction, without these: a sum of n
 * independent terms, each a power modulo a small number. Pure arithmetic, no memory: the best case
 * of a reduction. Fractions are 64-bit numbers whose sum wraps, so that it does not depend on the
 * order. */
#include "kernel.h"

enum { LEAF = 128 };

static uint64_t power_mod(uint64_t exponent, uint64_t modulus)
{
    uint64_t power = 1 % modulus, base = 16 % modulus;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            power = power * base % modulus;
        base = base * base % modulus;
    }
    return power;
}

/* The fraction of 16^(n - k) / (8 k + j), in units of 2^-64. */
static uint64_t fraction(long n, long k, int j)
{
    const uint64_t modulus = (uint64_t)(8 * k + j);
    return (uint64_t)(((unsigned __int128)power_mod((uint64_t)(n - k), modulus) << 64) / modulus);
}

static uint64_t term(long n, long k)
{
    return 4 * fraction(n, k, 1) - 2 * fraction(n, k, 4) - fraction(n, k, 5) - fraction(n, k, 6);
}

/* Of the terms [from, to). */
TASK(uint64_t, terms, (long, n), (long, from), (long, to))
{
    if (to - from <= LEAF) {
        uint64_t sum = 0;
        for (long k = from; k < to; k++)
            sum += term(n, k);
        return sum;
    }
    const long middle = from + (to - from) / 2;
    FORK(uint64_t, upper, terms, n, middle, to);
    const uint64_t lower = CALL(terms, n, from, middle);
    JOIN(uint64_t, upper, terms);
    return lower + upper;
}

/* The terms behind the n-th: 16^-i / (8 (n + i) + j), i = 1, 2, ... */
static uint64_t tail(long n)
{
    uint64_t sum = 0;
    for (int i = 1; i < 16; i++) {
        const uint64_t whole = UINT64_MAX >> 4 * i, base = 8 * (uint64_t)(n + i);
        sum += 4 * (whole / (base + 1)) - 2 * (whole / (base + 4)) - whole / (base + 5) -
               whole / (base + 6);
    }
    return sum;
}

static void run_pi(void *place, kernel_run *run)
{
    const long n = run->size->n;
    run->answer = (RUN(place, terms, n, 0, n + 1) + tail(n)) >> 32;
}

const kernel KERNEL(pi) = {
    .name = "pi",
    .what = "hexadecimal digits of pi from the n-th: a sum of independent terms, no memory",
    .source = "Bailey, Borwein, Plouffe, Mathematics of Computation 1997, with the digits at 10^6",
    .sizes = {{"1000", 1000, 0x49F1C09B, 7},
              {"10^5", 100000, 0x35EA16C4, 1023},
              {"10^6", 1000000, 0x6C65E52C, 8191}},
    .shown = KERNEL_WITH_ALL,
    .run = run_pi,
};
