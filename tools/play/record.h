/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records the run of an example, in a process of its own. */
#ifndef PLAY_RECORD_H
#define PLAY_RECORD_H

#include "examples.h"

#include <stddef.h>
#include <stdint.h>
#include <tools/trace/read.h>

typedef struct recording {
    const example *what;
    unsigned number, workers;
    uint64_t seed;
} recording;

/* The trace; its file is gone. NULL: the reason is in error. */
trace_file *record(const recording *r, char *error, size_t size);

#endif
