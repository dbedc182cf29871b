/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The works by the C macros. */
#include "sides.h"

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

FILCH_FOR(scale, i, (float *, x), (float, a), (float, b))
{
    x[i] = x[i] * a + b;
}

FILCH_REDUCE(dot, double, 0.0, FILCH_PLUS, i, (const double *, y), (const double *, z))
{
    return y[i] * z[i];
}

FILCH_SORT(sort_keys, uint32_t, FILCH_LESS)

void cxx_run_macros(filch_self self, enum cxx_work work, cxx_data *data)
{
    switch (work) {
    case CXX_FOR:
        for (int i = 0; i < CXX_TIMES; i++)
            scale(self, 0, CXX_ITEMS, data->x, data->a, data->b);
        data->answer = data->x[1];
        break;
    case CXX_DOT:
        for (int i = 0; i < CXX_TIMES; i++)
            dot(self, 0, CXX_ITEMS, &data->answer, data->y, data->z);
        break;
    case CXX_SORT:
        sort_keys(self, data->keys, CXX_KEYS);
        data->answer = data->keys[1];
        break;
    default:
        data->answer = (double)fib(self, data->n);
    }
}
