/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The works of the bar "cxx" and the sides that do them: the C macros, the C++ interface, other C++
 * libraries. */
#ifndef CXX_SIDES_H
#define CXX_SIDES_H

#include <filch/filch.h>
#include <stdint.h>

enum cxx_work {
    CXX_FIB,       /* fib(n) without cutoff */
    CXX_FIB_THROW, /* by functions that are not noexcept */
    CXX_FIB_REFER, /* the same, whose lambdas capture by reference */
    CXX_FOR,       /* x[i] = x[i] * a + b */
    CXX_DOT,       /* the sum of y[i] * z[i] */
    CXX_SORT,      /* unsigned numbers */
    CXX_WORKS
};

enum { CXX_ITEMS = 50000, CXX_TIMES = 200, CXX_KEYS = 1000000 };

typedef struct cxx_data {
    int n;
    float *x, a, b;
    double *y, *z;
    uint32_t *keys;
    double answer;
} cxx_data;

/* Does a work once; a loop CXX_TIMES times. */
typedef void cxx_run(filch_self self, enum cxx_work work, cxx_data *data);

FILCH_BEGIN_DECLS
cxx_run cxx_run_macros, cxx_run_ours;
/* Outside of tasks, on one thread; fib alone. NULL: the library was not found. */
extern void (*const cxx_run_tbb)(cxx_data *data);
extern void (*const cxx_run_taskflow)(cxx_data *data);
FILCH_END_DECLS

#endif
