/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * C = A * B by Strassen's seven products of half the size: fewer multiplications than matmul for
 * temporary matrices, which tasks allocate; how well memory is handed between threads shows. The
 * matrices are those of matmul, and so is the product. */
#include "kernel.h"
#include "matrices.h"

enum { PRODUCTS = 7, QUARTERS = 4 };

/* Rows of a view are so far apart. */
typedef struct view {
    int *at;
    long row;
} view;

typedef struct product {
    view a, b, c;
    long n;
} product;

/* quarter: 0 upper left, 1 upper right, 2 lower left, 3 lower right */
static view quarter_of(view whole, long half, int quarter)
{
    return (view){whole.at + quarter / 2 * half * whole.row + quarter % 2 * half, whole.row};
}

/* Which quarters of A and of B make the factors of each product, and which quarters of C it adds
 * to: 0 not, 1 added, -1 subtracted. */
static const struct {
    signed char a[QUARTERS], b[QUARTERS], c[QUARTERS];
} terms[PRODUCTS] = {
    {{1, 0, 0, 1}, {1, 0, 0, 1}, {1, 0, 0, 1}},  {{0, 0, 1, 1}, {1, 0, 0, 0}, {0, 0, 1, -1}},
    {{1, 0, 0, 0}, {0, 1, 0, -1}, {0, 1, 0, 1}}, {{0, 0, 0, 1}, {-1, 0, 1, 0}, {1, 0, 1, 0}},
    {{1, 1, 0, 0}, {0, 0, 0, 1}, {-1, 1, 0, 0}}, {{-1, 0, 1, 0}, {1, 1, 0, 0}, {0, 0, 0, 1}},
    {{0, 1, 0, -1}, {0, 0, 1, 1}, {1, 0, 0, 0}},
};

static void add(view to, view from, long n, int sign)
{
    for (long i = 0; i < n; i++) {
        int *restrict out = to.at + i * to.row;
        const int *restrict in = from.at + i * from.row;
        for (long j = 0; j < n; j++)
            out[j] += sign * in[j];
    }
}

static int *new_zeros(long count)
{
    int *zeros = calloc((size_t)count, sizeof *zeros);
    if (!zeros)
        filch_die("strassen: no memory for %ld numbers; choose a smaller size", count);
    return zeros;
}

/* The sum of the quarters of `whole` with these signs: in place if it is one of them as it is,
 * otherwise in `room`. */
static view sum_of(view whole, const signed char *signs, long half, int *room)
{
    view sum = {room, half};
    int count = 0, last = 0;
    for (int q = 0; q < QUARTERS; q++)
        if (signs[q]) {
            count++;
            last = q;
        }
    if (count == 1 && signs[last] == 1)
        return quarter_of(whole, half, last);
    for (int q = 0; q < QUARTERS; q++)
        if (signs[q])
            add(sum, quarter_of(whole, half, q), half, signs[q]);
    return sum;
}

VOID_TASK(multiply, (const product *, all))
{
    const product p = *all;
    if (p.n == MATRICES_LEAF) {
        matrices_leaf(p.a.at, p.a.row, p.b.at, p.b.row, p.c.at, p.c.row);
        return;
    }
    const long half = p.n / 2, count = half * half;
    int *room = new_zeros(3 * PRODUCTS * count);
    product parts[PRODUCTS];
    for (int i = 0; i < PRODUCTS; i++) {
        int *mine = room + 3 * i * count;
        parts[i] = (product){.a = sum_of(p.a, terms[i].a, half, mine),
                             .b = sum_of(p.b, terms[i].b, half, mine + count),
                             .c = {mine + 2 * count, half},
                             .n = half};
        if (i < PRODUCTS - 1)
            FORK_VOID(multiply, &parts[i]);
    }
    CALL(multiply, &parts[PRODUCTS - 1]);
    for (int i = 0; i < PRODUCTS - 1; i++)
        JOIN_VOID(multiply);
    for (int i = 0; i < PRODUCTS; i++)
        for (int q = 0; q < QUARTERS; q++)
            if (terms[i].c[q])
                add(quarter_of(p.c, half, q), parts[i].c, half, terms[i].c[q]);
    free(room);
}

static void run_strassen(void *place, kernel_run *run)
{
    const matrices *m = DATA(matrices, run);
    const long n = run->size->n, row = n + MATMUL_PAD;
    const product whole = {{m->a, row}, {m->b, row}, {m->c, row}, n};
    RUN(place, multiply, &whole);
}

const kernel KERNEL(strassen) = {
    .name = "strassen",
    .what = "int matrix product by seven products of half the size: tasks that allocate",
    .source = "Strassen 1969; Cilk 5 distribution; the answers are those of matmul",
    .sizes = {{"128", 128, 34274902873137, 6},
              {"512", 512, 35174022222158240, 342},
              {"1024", 1024, 1125726735879675536, 2400}},
    .shown = KERNEL_WITH_ALL,
    .setup = matrices_setup,
    .prepare = matrices_clear,
    .run = run_strassen,
    .finish = matrices_sum,
    .teardown = data_teardown,
};
