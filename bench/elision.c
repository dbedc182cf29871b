/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Is "serial" in the tables an honest opponent? Each kernel is here once more, written without
 * Filch in mind, and runs in turns with the kernel's serial elision. Prints the median of the
 * ratios of elision to hand. The answers are checked: exit status 1 when one is wrong. usage:
 * elision [tiny|quick|full] */
#include "kernels/matmul.h"
#include "kernels/sha1.h"
#include "kernels/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 11 };

static long fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void hand_fib(kernel_run *run)
{
    run->answer = (uint64_t)fib((int)run->size->n);
}

static long place(const signed char *above, int column, int row, int n)
{
    signed char queens[20];
    memcpy(queens, above, (size_t)row);
    queens[row++] = (signed char)column;
    if (row == n)
        return 1;
    long ways = 0;
    for (int next = 0; next < n; next++) {
        bool stands = true;
        for (int i = 0; stands && i < row; i++)
            stands = queens[i] != next && abs(queens[i] - next) != row - i;
        if (stands)
            ways += place(queens, next, row, n);
    }
    return ways;
}

static void hand_nqueens(kernel_run *run)
{
    signed char none[1] = {0};
    run->answer = 0;
    for (int column = 0; column < run->size->n; column++)
        run->answer += (uint64_t)place(none, column, 0, (int)run->size->n);
}

static long skynet(long first, long leaves)
{
    if (leaves == 1)
        return first;
    long sum = 0;
    for (int child = 0; child < 10; child++)
        sum += skynet(first + child * (leaves / 10), leaves / 10);
    return sum;
}

static void hand_skynet(kernel_run *run)
{
    run->answer = (uint64_t)skynet(0, run->size->n);
}

static void spawn(uint8_t *child, const uint8_t *parent, uint32_t number)
{
    uint8_t message[SHA1_BYTES + 4];
    uint32_t big_endian = __builtin_bswap32(number);
    memcpy(message, parent, SHA1_BYTES);
    memcpy(message + SHA1_BYTES, &big_endian, sizeof big_endian);
    sha1_short(child, message, sizeof message);
}

static long geometric_tree(const uint8_t *state, int depth_left)
{
    long nodes = 1;
    uint8_t child[SHA1_BYTES];
    uint32_t bits;
    if (depth_left == 0)
        return nodes;
    memcpy(&bits, state + 16, sizeof bits);
    double drawn = (__builtin_bswap32(bits) & 0x7fffffff) / 2147483648.0;
    int children = (int)floor(log(1.0 - drawn) / log(1.0 - 1.0 / 5.0));
    for (int i = 0; i < children && i < 100; i++) {
        spawn(child, state, (uint32_t)i);
        nodes += geometric_tree(child, depth_left - 1);
    }
    return nodes;
}

static void hand_uts_t1(kernel_run *run)
{
    uint8_t root[SHA1_BYTES] = {[SHA1_BYTES - 1] = 19};
    sha1_short(root, root, SHA1_BYTES);
    run->answer = (uint64_t)geometric_tree(root, (int)run->size->n);
}

static void insertion_sort(uint32_t *k, long n)
{
    for (long i = 1; i < n; i++) {
        uint32_t moving = k[i];
        long hole = i;
        for (; hole > 0 && k[hole - 1] > moving; hole--)
            k[hole] = k[hole - 1];
        k[hole] = moving;
    }
}

static void quicksort(uint32_t *k, long n)
{
    while (n > 20) {
        uint32_t a = k[0], b = k[n / 2], c = k[n - 1];
        uint32_t pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        long i = 0, j = n - 1;
        for (;; i++, j--) {
            while (k[i] < pivot)
                i++;
            while (k[j] > pivot)
                j--;
            if (i >= j)
                break;
            uint32_t swap = k[i];
            k[i] = k[j];
            k[j] = swap;
        }
        quicksort(k + j + 1, n - j - 1);
        n = j + 1;
    }
    insertion_sort(k, n);
}

static void merge(const uint32_t *a, long n, const uint32_t *b, long m, uint32_t *out)
{
    while (n > 0 && m > 0) {
        bool first = *a <= *b;
        *out++ = first ? *a : *b;
        a += first, n -= first;
        b += !first, m -= !first;
    }
    memcpy(out, a, (size_t)n * sizeof *a);
    memcpy(out + n, b, (size_t)m * sizeof *b);
}

static void merge_sort(uint32_t *k, uint32_t *spare, long n)
{
    if (n <= 2048) {
        quicksort(k, n);
        return;
    }
    long quarter = n / 4, half = 2 * quarter, rest = n - 3 * quarter;
    for (int i = 0; i < 4; i++)
        merge_sort(k + i * quarter, spare + i * quarter, i < 3 ? quarter : rest);
    merge(k, quarter, k + quarter, quarter, spare);
    merge(k + half, quarter, k + half + quarter, rest, spare + half);
    merge(spare, half, spare + half, n - half, k);
}

static void hand_cilksort(kernel_run *run)
{
    uint32_t **arrays = run->data; /* keys and spare come first in the kernel's input */
    merge_sort(arrays[0], arrays[1], run->size->n);
}

static void multiply(const int *restrict a, const int *restrict b, int *restrict c, long n,
                     long stride)
{
    if (n > 64) {
        long half = n / 2;
        for (int part = 0; part < 8; part++) {
            long i = (part >> 1 & 1) * half, j = (part & 1) * half, k = (part >> 2) * half;
            multiply(a + i * stride + k, b + k * stride + j, c + i * stride + j, half, stride);
        }
        return;
    }
    for (int i = 0; i < 64; i++)
        for (int k = 0; k < 64; k++) {
            int factor = a[i * stride + k];
            for (int j = 0; j < 64; j++)
                c[i * stride + j] += factor * b[k * stride + j];
        }
}

static void hand_matmul(kernel_run *run)
{
    int **matrices = run->data; /* a, b and c come first in the kernel's input */
    multiply(matrices[0], matrices[1], matrices[2], run->size->n, run->size->n + MATMUL_PAD);
}

static const struct hand {
    const char *kernel;
    void (*run)(kernel_run *run);
} hands[] = {
    {"fib", hand_fib},       {"nqueens", hand_nqueens},   {"skynet", hand_skynet},
    {"uts-t1", hand_uts_t1}, {"cilksort", hand_cilksort}, {"matmul", hand_matmul},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds of one run, by hand or the kernel's own; ends the program when its answer is wrong. */
static double timed(const kernel *k, const struct hand *by_hand, kernel_run *run)
{
    if (k->prepare)
        k->prepare(run);
    double start = now();
    if (by_hand)
        by_hand->run(run);
    else
        k->run(NULL, run);
    double seconds = now() - start;
    if (k->finish)
        k->finish(run);
    if (!kernel_answer_is_right(run)) {
        fprintf(stderr, "elision: %s: wrong answer\n", k->name);
        exit(1);
    }
    return seconds;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

static int compare(const struct hand *hand, int size)
{
    const kernel *k = kernel_find(hand->kernel)->column[KERNEL_SERIAL];
    kernel_run run = {.size = &k->sizes[size]};
    double elision[ROUNDS], by_hand[ROUNDS], ratio[ROUNDS];
    if (k->setup && k->setup(&run))
        return 1;
    timed(k, hand, &run);
    for (int i = 0; i < ROUNDS; i++) {
        elision[i] = timed(k, NULL, &run);
        by_hand[i] = timed(k, hand, &run);
        ratio[i] = elision[i] / by_hand[i];
    }
    if (k->teardown)
        k->teardown(&run);
    printf("%-10s %-12s %10.3f ms %10.3f ms  %.3f\n", k->name, run.size->label,
           1e3 * median(elision), 1e3 * median(by_hand), median(ratio));
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const sizes[] = {"tiny", "quick", "full"};
    int size = KERNEL_FULL, failed = 0;
    for (int i = 0; argc > 1 && i < KERNEL_SIZES; i++)
        if (strcmp(argv[1], sizes[i]) == 0)
            size = i;
    printf("%-10s %-12s %13s %13s  %s\n", "kernel", "size", "elision", "by hand", "ratio");
    for (size_t i = 0; i < sizeof hands / sizeof hands[0]; i++)
        failed |= compare(&hands[i], size);
    return failed;
}
