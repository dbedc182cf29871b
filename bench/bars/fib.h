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
    long (*plain)(int n);
} fib_context;

FILCH_BEGIN_DECLS
extern const fib_context fib_constant, fib_variable, fib_from_noinline;
FILCH_END_DECLS

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
