/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The decision point before an access of the program: the engine in Filch's OpenMP library if that is loaded,
 * otherwise libfilch's. */
#ifndef FL_TARGET_H
#define FL_TARGET_H

#include <filch/trace.h>

#include <stddef.h>

/* As fl_explore_access. */
typedef void fl_access_fn(const void *address, size_t size, unsigned kind, const void *place);

/* Found by name (dlsym), so that programs need not be linked with Filch's OpenMP library. */
fl_access_fn filch_openmp_explore_access;

extern fl_access_fn *fl_accesses;

/* The instruction of the program behind the call. */
#define FL_HERE __builtin_return_address(0)

enum { FL_UPDATE = FILCH_EXPLORE_WRITES | FILCH_EXPLORE_ATOMIC };

typedef int fl_tsan_order; /* the compilers' numbers: 0 relaxed to 5 seq_cst */

#endif
