/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fib.h"

FIB_APART(there, here)
