/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A mutex from within. */
#ifndef FL_MUTEX_H
#define FL_MUTEX_H

#include <filch/sync.h>

/* filch_mutex_lock for another public call, `call`: a literal, for reports. */
void fl_mutex_lock(const char *call, filch_mutex *mutex);

#endif
