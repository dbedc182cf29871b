/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The column "openmp": static loops, a reduction, and tasks that one thread creates. */
#include "column.h"

static void reduce(const column_order *order, column_reply *reply)
{
    const long count = order->room, turns = column_turns(order);
    const int team = (int)order->workers;
    double *x = column_numbers(count);
    column_begin(reply);
    for (long i = 0; i < turns; i++) {
        double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum) num_threads(team)
        for (long k = 0; k < count; k++)
            sum += x[k];
        reply->answer += (uint64_t)sum;
    }
    column_end(reply);
    free(x);
}

static void loop(const column_order *order, column_reply *reply)
{
    const long count = order->count, steps = order->steps;
    const int team = (int)order->workers;
    uint64_t *results = column_memory((size_t)count, sizeof *results);
    column_begin(reply);
#pragma omp parallel for schedule(static) num_threads(team)
    for (long i = 0; i < count; i++)
        results[i] = column_steps((uint64_t)i, steps);
    column_end(reply);
    reply->answer = column_total(results, count);
    free(results);
}

static void spawn(const column_order *order, column_reply *reply)
{
    const long count = order->count, steps = order->steps;
    const int team = (int)order->workers;
    uint64_t *results = column_memory((size_t)count, sizeof *results);
    column_begin(reply);
#pragma omp parallel num_threads(team)
#pragma omp single
    for (long i = 0; i < count; i++) {
#pragma omp task firstprivate(i)
        results[i] = column_steps((uint64_t)i, steps);
    }
    column_end(reply);
    reply->answer = column_total(results, count);
    free(results);
}

int main(void)
{
    static const column_kind kinds[] = {{"reduce", reduce},
                                        {"for", loop},
                                        {"spawn", spawn},
                                        {NULL, NULL}};
    return column_serve(kinds);
}
