/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Numbers are read back as they were, in any locale; invalid UTF-8 is recognized. */
#include <runtime/metrics/number_text.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

Test(spell, numbers_read_back_unchanged)
{
    static const struct {
        double value;
        const char *text;
    } numbers[] = {{0, "0"},
                   {-0.0, "-0"},
                   {1, "1"},
                   {0.1, "0.1"},
                   {1e300, "1e+300"},
                   {1e-5, "1e-05"},
                   {123456.789, "123456.789"},
                   {1.0 / 3, "0.3333333333333333"},
                   {5e-324, "4.94065645841247e-324"}};
    char text[FL_SPELLED];
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fl_spell_double(text, numbers[i].value);
        cr_assert_str_eq(text, numbers[i].text);
    }
    for (uint64_t i = 0, seed = stress_seed(); i < 100000; i++) {
        uint64_t bits = stress_mix(seed + i);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (value - value != 0)
            continue;
        fl_spell_double(text, value);
        cr_assert(strtod(text, NULL) == value, "%s", text);
        cr_assert_lt(strlen(text), FL_SPELLED - 1);
    }
}

Test(spell, a_point_is_a_point)
{
    static const char *const numbers[][2] = {{"1", "1"},
                                             {"-1e+20", "-1e+20"},
                                             {"0,5", "0.5"},
                                             {"-1,5e-07", "-1.5e-07"},
                                             {"1\xd9\xab"
                                              "25",
                                              "1.25"},
                                             {"1.25", "1.25"}};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[FL_SPELLED];
        strcpy(text, numbers[i][0]);
        fl_spell_point(text);
        cr_assert_str_eq(text, numbers[i][1]);
    }
}

/* As RFC 3629 encodes a number. */
static unsigned encode(char out[8], uint32_t c)
{
    static const uint32_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    unsigned size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    memset(out, 0, 8);
    for (unsigned i = size; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(first[size] | c);
    return size;
}

Test(spell, characters_but_surrogates_are_utf8)
{
    char text[8];
    for (uint32_t c = 0; c < 0x120000; c++) {
        unsigned size = encode(text, c);
        bool is = c < 0x110000 && !(c >= 0xd800 && c < 0xe000);
        cr_assert_eq(fl_utf8(text), is ? size : 0, "%x", c);
        text[size - 1] = '\0'; /* cut */
        cr_assert_eq(fl_utf8(text), size == 1, "%x", c);
    }
}

/* Of all beginnings with two bytes those are valid that some character has. */
Test(spell, sequences_without_character_are_not_utf8)
{
    static bool known[0x10000];
    char text[8];
    unsigned count = 0;
    for (uint32_t c = 0x80; c < 0x110000; c++) {
        encode(text, c);
        known[(unsigned char)text[0] << 8 | (unsigned char)text[1]] = c < 0xd800 || c >= 0xe000;
    }
    for (unsigned two = 0x8000; two < 0x10000; two++) {
        const char bytes[] = {(char)(two >> 8), (char)two, (char)0x80, (char)0x80, 0};
        cr_assert_eq(fl_utf8(bytes) != 0, known[two], "%04x", two);
        count += known[two];
    }
    cr_assert_gt(count, 1000);
}
