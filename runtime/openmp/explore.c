/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Decision points of a program that is compiled with filch-points (docs/explore.md). Its threads are virtual
 * threads of this library's engine, not of a libfilch beside it. */
#include <runtime/openmp/openmp.h>
#include <runtime/points/target.h>

#include <filch/explore.h>

FL_OMP_API void filch_openmp_explore_access(const void *address, size_t size, unsigned kind,
                                            const void *place)
{
    filch_explore_access(address, size, kind, place);
}
