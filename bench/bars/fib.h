/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * fib without cutoff in one calling context. Each context is a file of its own, since a compiler's
 * inlining depends on everything else in the file. */
#ifndef BARS_FIB_H
#define BARS_FIB_H

#include <filch/filch.h>
#include <stdbool.h>

#ifndef FIB_CONSTANT
#define FIB_CONSTANT 42
#endif
#define FIB_NOINLINE static __attribute__((noinline))

typedef struct fib_context {
    const char *name;
    bool constant; /* fib(FIB_CONSTANT) for any n */
    long (*forked)(filch_self self, int n);
    long (*elision)(int n);
    long (*plain)(int n); /* NULL: the elision makes real calls */
} fib_context;

FILCH_BEGIN_DECLS
extern const fib_context fib_constant, fib_variable, fib_from_noinline, fib_apart;

/* Two tasks in two files, which fork each other: no level can be inlined into another. */
FILCH_TASK_DECLARE(long, fib_here, (int, n));
FILCH_TASK_DECLARE(long, fib_there, (int, n));
long elision_here(int n);
long elision_there(int n);
FILCH_END_DECLS

#define FIB_APART(own, other)                                                                      \
    FILCH_TASK_DEFINE(long, fib_##own, (int, n))                                                   \
    {                                                                                              \
        if (n < 2)                                                                                 \
            return n;                                                                              \
        FILCH_FORK(fib_##other, n - 1);                                                            \
        long right = fib_##other(self, n - 2);                                                     \
        FILCH_JOIN(long left, fib_##other);                                                        \
        return left + right;                                                                       \
    }                                                                                              \
    long elision_##own(int n)                                                                      \
    {                                                                                              \
        return n < 2 ? n : elision_##other(n - 1) + elision_##other(n - 2);                        \
    }

#ifdef FIB_BODY

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

static long elision(int n)
{
    return n < 2 ? n : elision(n - 1) + elision(n - 2);
}

/* Real calls: the cost of a call. */
FIB_NOINLINE long plain(int n)
{
    if (n < 2)
        return n;
    long a = plain(n - 1);
    __asm__("" : "+r"(a));
    long b = plain(n - 2);
    __asm__("" : "+r"(b));
    return a + b;
}

#endif
#endif
