/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/points/target.h>

#include <dlfcn.h>
#include <filch/trace.h>

fl_access_fn *fl_accesses = fl_explore_access;

/* First of the program's own constructors. */
__attribute__((constructor(101))) static void find_openmp(void)
{
    void *openmp = dlsym(RTLD_DEFAULT, "filch_openmp_explore_access");
    if (openmp)
        *(void **)&fl_accesses = openmp;
}
