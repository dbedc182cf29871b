// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The serial opponent of all sorts.
#include "par.h"

#include <algorithm>

void par_std_sort(uint32_t *keys, size_t n)
{
    std::sort(keys, keys + n);
}
