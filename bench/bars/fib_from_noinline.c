/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define FIB_BODY
#include "fib.h"

FIB_NOINLINE long fork_there(filch_self self, int n)
{
    return fib(self, n);
}

FIB_NOINLINE long elide_there(int n)
{
    return elision(n);
}

static long fork_elsewhere(filch_self self, int n)
{
    return fork_there(self, n) + 0 * n;
}

static long elide_elsewhere(int n)
{
    return elide_there(n) + 0 * n;
}

const fib_context fib_from_noinline = {"noinline", false, fork_elsewhere, elide_elsewhere, plain};
