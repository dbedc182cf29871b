/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: absent in tsan (one thread) */
#include <runtime/platform/text/duration.h>
#include <tests/support/test.h>

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

Test(duration, numbers_with_units_are_read)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"0", 0},
                {"0ms", 0},
                {"800ns", 800},
                {"50us", 50000},
                {"1.5ms", 1500000},
                {"3s", 3 * SECOND},
                {"3 s", 3 * SECOND},
                {"3", 3 * SECOND},
                {"0.5", SECOND / 2},
                {"1.0000000005s", SECOND},
                {"1.6ns", 2},
                {"1.5m", 90 * SECOND},
                {"24h", DAY},
                {"365d", 365 * DAY},
                {"9223372036854775807ns", INT64_MAX}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ns = -1;
        cr_expect(fl_duration_read(good[i].text, 0, INT64_MAX, &ns), "%s", good[i].text);
        cr_expect_eq(ns, good[i].ns, "%s: %lld", good[i].text, (long long)ns);
    }
}

Test(duration, other_texts_leave_value_alone)
{
    static const char *const bad[] = {"",      "us",
                                      "-1us",  "1.1s",
                                      "999ns", "infs",
                                      "nan",   "1e3",
                                      "1uss",  " 1us",
                                      "+1us",  "1e99s",
                                      "0x",    "1.us",
                                      ".5ms",  "1.5.2ms",
                                      "1 m s", "1ms ",
                                      "1\tms", "1 1ms",
                                      "1.",    "9223372036854775807d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ns = 42;
        cr_expect_not(fl_duration_read(bad[i], 1000, SECOND, &ns), "'%s'", bad[i]);
        cr_expect_eq(ns, 42, "'%s'", bad[i]);
    }
}

Test(duration, largest_whole_unit_is_written)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {{0, "0s"},        {1, "1ns"},           {1500000, "1500us"}, {90 * SECOND, "90s"},
                 {DAY / 24, "1h"}, {3650 * DAY, "3650d"}};
    char text[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq(fl_duration_write(cases[i].ns, text, sizeof text), cases[i].text, "%s",
                         text);
}
