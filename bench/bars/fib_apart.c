/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fib.h"

FIB_APART(here, there)

static long fork_apart(filch_self self, int n)
{
    return fib_here(self, n);
}

const fib_context fib_apart = {"apart", false, fork_apart, elision_here, NULL};
