/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * SuiteSparse:GraphBLAS: a matrix of integers from random tuples, its square, its square where it has entries itself (as triangles of a
 * graph are counted), its transpose, and sums. */
#include <GraphBLAS.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 12000, TUPLES = 240000 };

static uint64_t state = 1;

static uint64_t drawn(uint64_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
}

static GrB_Matrix empty(void)
{
    GrB_Matrix matrix;
    if (GrB_Matrix_new(&matrix, GrB_INT64, ROWS, ROWS))
        exit(1);
    return matrix;
}

static void show(const char *name, GrB_Matrix matrix)
{
    int64_t sum = 0;
    GrB_Index entries = 0;
    GrB_Vector rows;
    GrB_Vector_new(&rows, GrB_INT64, ROWS);
    GrB_Matrix_reduce_INT64(&sum, NULL, GrB_PLUS_MONOID_INT64, matrix, NULL);
    GrB_Matrix_nvals(&entries, matrix);
    GrB_Matrix_reduce_Monoid(rows, NULL, NULL, GrB_MAX_MONOID_INT64, matrix, NULL);
    int64_t greatest = 0;
    GrB_Vector_reduce_INT64(&greatest, NULL, GrB_PLUS_MONOID_INT64, rows, NULL);
    printf("%s: %" PRIu64 " entries, sum %" PRId64 ", greatest of rows %" PRId64 "\n", name,
           entries, sum, greatest);
    GrB_Vector_free(&rows);
}

int main(void)
{
    GrB_Index *row = malloc(TUPLES * sizeof *row), *column = malloc(TUPLES * sizeof *column);
    int64_t *value = malloc(TUPLES * sizeof *value);
    if (!row || !column || !value || GrB_init(GrB_NONBLOCKING))
        return 1;
    for (long i = 0; i < TUPLES; i++) {
        row[i] = drawn(ROWS);
        column[i] = drawn(ROWS);
        value[i] = (int64_t)drawn(16);
    }
    GrB_Matrix graph = empty(), square = empty(), triangles = empty(), transpose = empty();
    GrB_Matrix_build_INT64(graph, row, column, value, TUPLES, GrB_PLUS_INT64);
    show("graph", graph);
    GrB_mxm(square, NULL, NULL, GrB_PLUS_TIMES_SEMIRING_INT64, graph, graph, NULL);
    show("square", square);
    GrB_mxm(triangles, graph, NULL, GrB_PLUS_TIMES_SEMIRING_INT64, graph, graph, NULL);
    show("triangles", triangles);
    GrB_transpose(transpose, NULL, NULL, square, NULL);
    show("transpose", transpose);
    GrB_finalize();
    return 0;
}
