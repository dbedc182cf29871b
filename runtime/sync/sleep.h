/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sleeping from within. */
#ifndef FL_SLEEP_H
#define FL_SLEEP_H

#include <stdint.h>

/* filch_sleep_until for another public call, `call`: a literal, for reports. */
int fl_sleep_until(const char *call, int64_t until);

#endif
