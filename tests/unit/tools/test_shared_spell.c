/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: absent in tsan (one thread); needs filch_shared_parts */
#include <tests/support/test.h>
#include <tools/shared/spell.h>

enum { SECOND = 1000000000 };

Test(shared_spell, durations_have_units)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"0", 0},           {"0ms", 0},     {"800ns", 800},      {"50us", 50000},
                {"1.5ms", 1500000}, {"1s", SECOND}, {"0.5s", SECOND / 2}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ns = -1;
        cr_expect(spell_duration(good[i].text, SECOND, &ns), "%s", good[i].text);
        cr_expect_eq(ns, good[i].ns, "%s: %lld", good[i].text, (long long)ns);
    }
}

Test(shared_spell, minutes_and_hours_are_durations)
{
    int64_t ns = 0;
    cr_expect(spell_duration("1.5m", INT64_MAX, &ns));
    cr_expect_eq(ns, INT64_C(90) * SECOND);
    cr_expect(spell_duration("24h", INT64_MAX, &ns));
    cr_expect_eq(ns, INT64_C(86400) * SECOND);
    cr_expect_not(spell_duration("9999999999h", INT64_MAX / 2, &ns));
}

Test(shared_spell, invalid_duration_leaves_value_alone)
{
    static const char *const bad[] = {"",    "5",   "us",   "-1us", "1.1s", "1m",    "1 us", "infs",
                                      "nan", "1e3", "1uss", " 1us", "+1us", "1e99s", "0x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ns = 42;
        cr_expect_not(spell_duration(bad[i], SECOND, &ns), "'%s'", bad[i]);
        cr_expect_eq(ns, 42, "'%s'", bad[i]);
    }
}

Test(shared_spell, numbers_lie_within_their_limits)
{
    static const char *const bad[] = {"", "-0.1", "1.01", "0.5x", "nan", "inf", "x"};
    double share = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(spell_number(bad[i], 0, 1, &share), "'%s'", bad[i]);
    cr_expect(share > 41);
    cr_expect(spell_number("0.25", 0, 1, &share));
    cr_expect(share > 0.2499 && share < 0.2501);
    cr_expect(spell_number("1", 0, 1, &share));
}

Test(shared_spell, counts_are_whole)
{
    static const char *const bad[] = {"", "0", "-1", "65", "1.5", "two", "99999999999999999999"};
    unsigned long number = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(spell_count(bad[i], 1, 64, &number), "'%s'", bad[i]);
    cr_expect_eq(number, 42);
    cr_expect(spell_count("64", 1, 64, &number));
    cr_expect_eq(number, 64);
}
