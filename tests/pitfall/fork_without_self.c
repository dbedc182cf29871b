/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_VOID_TASK(work, (int, n))
{
    (void)n;
}

static inline void helper(int n)
{
    FILCH_FORK(work, n);
    FILCH_JOIN_VOID(work);
}
