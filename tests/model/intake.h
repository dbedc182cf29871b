/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The shape of a model of a pool's intake (tests/model/intake.c), and its parts. The rows are in
 * tests/model/intake_rows.c. */
#ifndef MODEL_INTAKE_H
#define MODEL_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <tests/model/checker/check.h>

struct shape {
    const char *script[MC_THREADS + 1];
    unsigned width;
    size_t capacity;
    bool has_levels;
};

/* The parts of each row: before an execution, of each thread, and after it. */
void lay_out(struct shape chosen);
void body(unsigned thread);
void finish(void);

#endif
