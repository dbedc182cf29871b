/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_VOID_TASK(work, (int, n))
{
    FILCH_FORK(work, n, n);
    FILCH_JOIN_VOID(work);
}
