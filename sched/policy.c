/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/policy.h>

#include <stddef.h>

const fl_policy *const fl_policies[] = {&fl_policy_random, NULL};
