/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Uniformly random victims (Blumofe, Leiserson: Scheduling multithreaded computations by work
 * stealing, JACM 1999). */
#include <sched/victims/policy.h>

const fl_policy fl_policy_random = {"random", "each victim equally likely", fl_any_other};
