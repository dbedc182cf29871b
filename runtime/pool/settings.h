/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The settings of a pool that is to be created: their ranges, and which exclude or need others. */
#ifndef FL_POOL_SETTINGS_H
#define FL_POOL_SETTINGS_H

#include <filch/pool.h>

/* -EINVAL through fl_fail, which names the setting. Needs no lock. */
int fl_settings_check(const filch_pool_config *config);

#endif
