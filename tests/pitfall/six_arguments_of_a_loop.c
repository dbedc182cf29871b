/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_FOR(add, i, (int *, a), (int *, b), (int *, c), (int *, d), (int *, e), (int *, f))
{
    a[i] = b[i] + c[i] + d[i] + e[i] + f[i];
}
