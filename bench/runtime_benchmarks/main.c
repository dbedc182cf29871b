/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The fork/join programs of the public table https://github.com/tzcnt/runtime-benchmarks, with its
 * sizes, arguments and output. The name of the command chooses the program:
 *
 *   fib N [THREADS]   matmul N [THREADS]   nqueens [THREADS [N]]   skynet [THREADS [DEPTH]]
 *
 * build_all.sh builds them in a checkout of that repository. The tasks are those of the kernels,
 * except for matmul, whose leaves in the table are smaller. */
#define KERNEL_AS_FILCH
#include "../kernels/fib.c"
#include "../kernels/nqueens.c"
#include "../kernels/skynet.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static uint64_t fib_of(filch_runtime *rt, long n)
{
    return (uint64_t)RUN(rt, fib, (int)n);
}

static bool fib_is(long n, uint64_t found)
{
    uint64_t one = 0, next = 1;
    for (; n > 0; n--) {
        const uint64_t sum = one + next;
        one = next;
        next = sum;
    }
    return found == one;
}

static uint64_t nqueens_of(filch_runtime *rt, long n)
{
    return (uint64_t)RUN(rt, place_first, (int)n);
}

static bool nqueens_is(long n, uint64_t found)
{
    static const uint64_t ways[] = {1,  1,   0,   0,    2,     10,    4,      40,
                                    92, 352, 724, 2680, 14200, 73712, 365596, 2279184};
    return found == ways[n];
}

static uint64_t skynet_of(filch_runtime *rt, long depth)
{
    long leaves = 1;
    for (; depth > 0; depth--)
        leaves *= CHILDREN;
    return (uint64_t)RUN(rt, skynet, 0, leaves);
}

static bool skynet_is(long depth, uint64_t found)
{
    uint64_t leaves = 1;
    for (; depth > 0; depth--)
        leaves *= CHILDREN;
    return found == leaves * (leaves - 1) / 2;
}

/* ---- matmul ---- */

enum { LEAF = 32 };

/* As in the table: to the compiler, the matrices may overlap, and n is not a constant. */
static void multiply_leaf(const int *a, const int *b, int *c, int n, int row)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                c[i * row + j] += a[i * row + k] * b[k * row + j];
}

/* c += a * b: both terms of each quarter of c, one after the other. */
VOID_TASK(multiply, (const int *, a), (const int *, b), (int *, c), (int, n), (int, row))
{
    const int half = n / 2, down = half * row;
    if (n <= LEAF) {
        multiply_leaf(a, b, c, n, row);
        return;
    }
    for (int term = 0; term < 2; term++, a += half, b += down) {
        FORK_VOID(multiply, a, b, c, half, row);
        FORK_VOID(multiply, a, b + half, c + half, half, row);
        FORK_VOID(multiply, a + down, b, c + down, half, row);
        CALL(multiply, a + down, b + half, c + down + half, half, row);
        JOIN_VOID(multiply);
        JOIN_VOID(multiply);
        JOIN_VOID(multiply);
    }
}

static int *product;

/* A matrix of equal entries, aligned as by the table's allocators. */
static int *filled(size_t count, int entry)
{
    int *m = aligned_alloc(4096, (count * sizeof *m | 4095) + 1);
    if (!m) {
        fputs("matmul: out of memory (choose a smaller size)\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < count; i++)
        m[i] = entry;
    return m;
}

/* The time includes allocation, as in the table. */
static uint64_t matmul_of(filch_runtime *rt, long n)
{
    const size_t count = (size_t)(n * n);
    int *a = filled(count, 1), *b = filled(count, 1);
    free(product);
    product = filled(count, 0);
    RUN(rt, multiply, a, b, product, (int)n, (int)n);
    free(a);
    free(b);
    return (uint64_t)product[0];
}

static bool matmul_is(long n, uint64_t found)
{
    for (long i = 0; i < n * n; i++)
        if (product[i] != n)
            return false;
    return true;
}

/* ---- The programs ---- */

static const struct program {
    const char *name;
    bool size_first;    /* the size is the first argument, and required */
    long size, warm_up; /* the table's; 0: `size` from the argument, `warm_up` equal to it */
    long least, most;
    uint64_t (*run)(filch_runtime *rt, long size);
    bool (*is)(long size, uint64_t found);
} programs[] = {
    {"fib", true, 0, 30, 0, 90, fib_of, fib_is},
    {"matmul", true, 0, 0, LEAF, 16384, matmul_of, matmul_is},
    {"nqueens", false, 14, 0, 1, 15, nqueens_of, nqueens_is},
    {"skynet", false, 8, 0, 0, 9, skynet_of, skynet_is},
};

static const struct program *find(const char *command)
{
    const char *slash = strrchr(command, '/'), *name = slash ? slash + 1 : command;
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (strcmp(programs[i].name, name) == 0)
            return &programs[i];
    fprintf(stderr, "unknown program '%s' (valid: fib, matmul, nqueens, skynet)\n", name);
    exit(2);
}

static long number(const char *what, const char *text, long least, long most)
{
    char *end;
    const long value = strtol(text, &end, 10);
    if (end != text && !*end && value >= least && value <= most)
        return value;
    fprintf(stderr, "%s '%s' is not a number in range (%ld..%ld)\n", what, text, least, most);
    exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Prints the answer, and the record that the table reads. */
static int measure(const struct program *p, filch_runtime *rt, long size)
{
    struct rusage usage;
    p->run(rt, p->warm_up ? p->warm_up : size);
    const double start = now();
    const uint64_t found = p->run(rt, size);
    const double seconds = now() - start;
    getrusage(RUSAGE_SELF, &usage);
    if (!p->is(size, found)) {
        fprintf(stderr, "%s %ld: wrong answer %llu\n", p->name, size, (unsigned long long)found);
        return 1;
    }
    printf("output: %llu\nruns:\n", (unsigned long long)found);
    if (p->run == matmul_of)
        printf("  - matrix_size: %ld\n", size);
    else
        puts("  - iteration_count: 1");
    printf("    duration: %.0f us\n    max_rss: %ld KiB\n", seconds * 1e6, usage.ru_maxrss);
    return 0;
}

int main(int argc, char **argv)
{
    const struct program *p = find(argv[0]);
    const int at_size = p->size_first ? 1 : 2, at_threads = 3 - at_size;
    if ((p->size_first && argc < 2) || argc > 3) {
        fprintf(stderr, "usage: %s %s\n", p->name,
                p->size_first ? "SIZE [THREADS]" : "[THREADS [SIZE]]");
        return 2;
    }
    const long size = argc > at_size ? number("size", argv[at_size], p->least, p->most) : p->size;
    if (p->run == matmul_of && size & (size - 1))
        return fprintf(stderr, "size %ld is not a power of two\n", size), 2;
    filch_config config = {.size = sizeof config};
    if (argc > at_threads)
        config.workers = (unsigned)number("threads", argv[at_threads], 1, 1024);
    filch_runtime *rt;
    if (filch_runtime_create(&rt, &config))
        return fprintf(stderr, "cannot create a runtime: %s\n", filch_error()), 1;
    printf("threads: %u\n", filch_runtime_workers(rt));
    const int status = measure(p, rt, size);
    filch_runtime_destroy(rt);
    return status;
}
