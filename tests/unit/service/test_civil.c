/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dates become days, and days become dates again. */
#include <runtime/service/periodic/time_zone.h>
#include <tests/support/test.h>

Test(civil, dates_and_days_agree)
{
    int64_t days = fl_civil_days(1899, 12, 31);
    for (unsigned i = 0; i < 120000; i++, days++) {
        fl_civil date = fl_civil_of(days);
        cr_assert_eq(fl_civil_days(date.year, date.month, date.day), days);
    }
    cr_assert_eq(fl_civil_days(1970, 1, 1), 0);
    cr_assert_eq(fl_civil_days(2000, 3, 1), 11017);
    cr_assert_eq(fl_civil_weekday(0), 4);
    cr_assert_eq(fl_civil_weekday(-5), 6);
}
