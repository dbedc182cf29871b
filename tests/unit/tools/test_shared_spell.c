/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: absent in tsan (one thread); needs filch_shared_parts */
#include <tests/support/test.h>
#include <tools/shared/spell.h>

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
