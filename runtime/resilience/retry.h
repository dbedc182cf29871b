/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Retries with the time given, for tests: the calls of <filch/retry.h>, which act now. */
#ifndef FL_RETRY_H
#define FL_RETRY_H

#include <filch/retry.h>

/* The error of filch_retry_state_begin for it. */
int fl_retry_check(const filch_retry_policy *policy);
int fl_retry_begin_at(const filch_retry_policy *policy, filch_retry_state *state, int64_t now);
filch_retry_verdict fl_retry_next_at(const filch_retry_policy *policy, filch_retry_state *state,
                                     int code, int64_t *delay, int64_t now);
/* Calls policy->told, if there is one, with these. */
void fl_retry_tell(const filch_retry_policy *policy, unsigned attempt, int code,
                   filch_retry_verdict verdict, int64_t delay);

/* ---- Budgets ---- */

/* Retry budgets with the time given, for tests: the calls of <filch/retry.h>, which act now. */

int fl_retry_budget_init_at(filch_retry_budget *budget, unsigned percent, unsigned per_second,
                            unsigned most, int64_t now);
bool fl_retry_budget_take_at(filch_retry_budget *budget, int64_t now);
void fl_retry_budget_put_at(filch_retry_budget *budget, int64_t now);
unsigned fl_retry_budget_left_at(const filch_retry_budget *budget, int64_t now);

#endif
