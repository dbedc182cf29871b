/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What lies below the library, for all models: clock, futexes, membarrier, errors. */
#ifndef MC_SYSTEM_H
#define MC_SYSTEM_H

#include <tests/model/checker/check.h>

#include <stdio.h>

#endif
