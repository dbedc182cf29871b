/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Keys: of the jobs in progress at most one has a given key. */
#ifndef FL_POOL_KEY_H
#define FL_POOL_KEY_H

#include <runtime/pool/pool.h>

/* Reserves the key for it; -EEXIST, or -ENOMEM through fl_fail. */
int fl_key_take(filch_job *job);
void fl_key_leave(filch_job *job);

#endif
