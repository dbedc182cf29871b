/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A breaker with the time given, for tests: the calls of <filch/breaker.h>, which act now. */
#ifndef FL_BREAKER_H
#define FL_BREAKER_H

#include <filch/breaker.h>
#include <runtime/platform/users.h>

int fl_breaker_create_at(filch_breaker **out, const filch_breaker_config *config, int64_t now);
int fl_breaker_allow_at(filch_breaker *breaker, filch_breaker_ticket *ticket, int64_t now);
int fl_breaker_report_at(filch_breaker *breaker, filch_breaker_ticket *ticket,
                         filch_breaker_verdict verdict, int64_t now);
filch_breaker_verdict fl_breaker_judge(const filch_breaker *breaker, int code);
int fl_breaker_trip_at(filch_breaker *breaker, int64_t until, int64_t now);
void fl_breaker_reset_at(filch_breaker *breaker, int64_t now);
void fl_breaker_look_at(const filch_breaker *breaker, filch_breaker_stats *out, int64_t now);

/* The pools that use it. */
fl_users *fl_breaker_users(filch_breaker *breaker);

#endif
