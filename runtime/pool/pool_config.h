/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a pool that is to be created: the ranges of its fields, which of them exclude
 * or need others, and what they are by default. */
#ifndef FL_POOL_CONFIG_H
#define FL_POOL_CONFIG_H

#include <filch/pool.h>

/* Copies *given, with the default for what it leaves out; NULL: all defaults. -EINVAL through
 * fl_fail, which names the field, its value and what is allowed. */
int fl_pool_config_take(filch_pool_config *config, const filch_pool_config *given);

#endif
