/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define FIB_BODY
#include "fib.h"

static long fork_variable(filch_self self, int n)
{
    volatile int unknown = n;
    return fib(self, unknown);
}

static long elide_variable(int n)
{
    volatile int unknown = n;
    return elision(unknown);
}

const fib_context fib_variable = {"variable", false, fork_variable, elide_variable, plain};
