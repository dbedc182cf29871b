/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops over `unsigned long long`. A step that counts down is negative modulo 2^64. */
#include <runtime/openmp/loop.h>

#define NUMBER unsigned long long
#define LOOP(name) GOMP_loop_ull_##name
#define DIRECTION bool upwards,
#define DIRECTED upwards,
#define UP upwards

#include <runtime/openmp/loop_template.h>
