/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where measured workers run: one per core, so that runs are comparable, unless the environment
 * says otherwise. */
#ifndef BENCH_BIND_H
#define BENCH_BIND_H

#include <stdlib.h>

static inline const char *bench_bind(void)
{
    const char *bind = getenv("FILCH_BIND");
    return bind && *bind ? NULL : "core";
}

#endif
