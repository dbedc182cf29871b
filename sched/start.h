/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where counters and tags start: at 0, and with FILCH_TINY a few steps before they wrap. So the
 * tests of that build, and all models, reach what a program reaches after days. */
#ifndef FL_START_H
#define FL_START_H

#include <stdint.h>

/* Of a counter of this many bits. For one that never wraps, 32: a part that keeps it in 32 bits
 * is noticed. */
#ifdef FILCH_TINY
#define FL_START(bits) (((uint64_t)1 << (bits)) - 4)
#else
#define FL_START(bits) ((uint64_t)0)
#endif

#endif
