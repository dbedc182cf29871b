// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Precedes a kernel's C source when it is compiled as C++, with KERNEL_AS_TBB or KERNEL_AS_ASYNC.
#ifndef KERNELS_AS_CPP_H
#define KERNELS_AS_CPP_H

#include "kernel.h"
#include "rows.h"

#define DECLARE_RECORD(name) extern const kernel KERNEL(name);
extern "C" {
CPP_ROWS(DECLARE_RECORD)
}

#endif
