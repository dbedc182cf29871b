/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/message.h>
#include <tests/support/test.h>

Test(percent, escapes_are_decoded_and_others_stay)
{
    static const struct {
        const char *text, *decoded;
        bool is_valid;
    } rows[] = {{"", "", true},
                {"a%20b", "a b", true},
                {"%41%7a%7A", "Azz", true},
                {"%25%34%31", "%41", true},
                {"50%", "50%", false},
                {"%4", "%4", false},
                {"%g1", "%g1", false},
                {"%%41", "%A", false},
                {"%c3%a4", "\xc3\xa4", true}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16];
        strcpy(text, rows[i].text);
        cr_assert_eq(fl_percent_is_valid(text), rows[i].is_valid, "%s", text);
        cr_assert_eq(fl_percent_decode(text, text), text + strlen(rows[i].decoded) + 1);
        cr_assert_str_eq(text, rows[i].decoded);
    }
    cr_assert_not(fl_percent_is_valid("a%00b"), "a NUL would end the text");
}
