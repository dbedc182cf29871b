/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

#ifdef __cplusplus
template <class A, class B> struct both {
    A a;
    B b;
};
#endif

FILCH_TASK(long, sum, (both<int, long>, each))
{
    return each.a + each.b;
}
