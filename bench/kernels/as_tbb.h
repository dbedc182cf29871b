// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What comes before a kernel's C source when it is compiled as C++ for oneTBB.
#ifndef KERNELS_AS_TBB_H
#define KERNELS_AS_TBB_H

#define KERNEL_AS_TBB

#include "rows.h"
#include "table.h"

#define DECLARE_RECORD(name) extern const kernel name##_tbb;
extern "C" {
TBB_ROWS(DECLARE_RECORD)
}

#endif
