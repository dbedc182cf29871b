/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Retry budgets with the time given, for tests: the calls of <filch/retry.h>, which act now. */
#ifndef FL_RETRY_BUDGET_H
#define FL_RETRY_BUDGET_H

#include <filch/retry.h>

int fl_retry_budget_init_at(filch_retry_budget *budget, unsigned percent, unsigned per_second,
                            unsigned most, int64_t now);
bool fl_retry_budget_take_at(filch_retry_budget *budget, int64_t now);
void fl_retry_budget_put_at(filch_retry_budget *budget, int64_t now);
unsigned fl_retry_budget_left_at(const filch_retry_budget *budget, int64_t now);

#endif
