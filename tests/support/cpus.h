/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime that believes in another number of CPUs. Its workers read it when they search, so thread
 * sanitizer is not to see the store. */
#ifndef SUPPORT_CPUS_H
#define SUPPORT_CPUS_H

#include <runtime/engine/runtime.h>

__attribute__((no_sanitize_thread)) static inline void believe_in_cpus(filch_runtime *rt,
                                                                       unsigned cpus)
{
    rt->cpus = cpus;
}

#endif
