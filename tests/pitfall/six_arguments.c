/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_TASK(int, sum, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f))
{
    return a + b + c + d + e + f;
}
