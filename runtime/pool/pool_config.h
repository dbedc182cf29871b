/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a new pool: the ranges and defaults of its fields, and which of them exclude
 * or need others. */
#ifndef FL_POOL_CONFIG_H
#define FL_POOL_CONFIG_H

#include <filch/pool.h>

/* Copies *given, with defaults for fields that are 0; NULL: all defaults. -EINVAL through
 * fl_fail, which names the field, its value and what is allowed. */
int fl_pool_config_take(filch_pool_config *config, const filch_pool_config *given);

#endif
