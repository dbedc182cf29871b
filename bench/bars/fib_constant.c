/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define FIB_BODY
#include "fib.h"

static long fork_constant(filch_self self, int n)
{
    return fib(self, FIB_CONSTANT);
}

static long elide_constant(int n)
{
    return elision(FIB_CONSTANT);
}

static long plain_constant(int n)
{
    return plain(FIB_CONSTANT);
}

const fib_context fib_constant = {"constant", true, fork_constant, elide_constant, plain_constant};
