/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_TASK(void, walk, (int, n))
{
    if (n < 2)
        return;
    FILCH_FORK(walk, n - 1);
    walk(self, n - 2);
    FILCH_JOIN_VOID(walk);
}
