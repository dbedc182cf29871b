/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Time for the model checker: every wait is over when it is looked at, so that all that can happen
 * before and after a time limit is tried. */
#ifndef FL_CLOCK_H
#define FL_CLOCK_H

#include <stdint.h>

int64_t fl_now(void);

#endif
