/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Selects the engine for the program's memory accesses: the one in Filch's OpenMP library if that is loaded,
 * otherwise libfilch's. */
#ifndef FL_TARGET_H
#define FL_TARGET_H

#include <stddef.h>

/* As fl_explore_access. */
typedef void fl_access_fn(const void *address, size_t size, unsigned kind, const void *place);

/* Found by name (dlsym), so that programs need not be linked with Filch's OpenMP library. */
fl_access_fn filch_openmp_explore_access;

extern fl_access_fn *fl_accesses;

#endif
