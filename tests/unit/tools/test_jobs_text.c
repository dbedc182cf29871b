/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/test.h>
#include <tools/jobs/redact.h>
#include <tools/jobs/text.h>

Test(jobs_text, characters_are_those_of_utf8)
{
    static const struct {
        const char *text;
        size_t length;
    } all[] = {{"a", 1},
               {"\xc3\xa4", 2},
               {"\xe2\x82\xac", 3},
               {"\xf0\x9f\x98\x80", 4},
               {"\xf4\x8f\xbf\xbf", 4},
               {"\x80", 0},             /* no first byte */
               {"\xc3", 0},             /* cut */
               {"\xc3(", 0},            /* no second byte */
               {"\xc0\xaf", 0},         /* longer than needed */
               {"\xe0\x80\xaf", 0},     /* the same */
               {"\xf0\x80\x80\xaf", 0}, /* the same */
               {"\xed\xa0\x80", 0},     /* a surrogate */
               {"\xf4\x90\x80\x80", 0}, /* beyond Unicode */
               {"\xff", 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_expect_eq(text_character(all[i].text, strlen(all[i].text)), all[i].length, "%zu", i);
    cr_expect_eq(text_character("\xc3\xa4", 1), 0, "it ends in the character");
    cr_expect_eq(text_character("", 0), 0);
}

Test(jobs_text, a_terminal_gets_no_control_characters)
{
    static const struct {
        const char *text, *visible, *lines;
    } all[] = {{"plain \xc3\xa4", "plain \xc3\xa4", "plain \xc3\xa4"},
               {"\033[31m", "\\x1b[31m", "\\x1b[31m"},
               {"a\tb\n", "a\\x09b\\x0a", "a\tb\n"},
               {"\\x41", "\\x5cx41", "\\x5cx41"},
               {"\x9b"
                "2J",
                "\\x9b2J", "\\x9b2J"},
               {"\xc2\x9b"
                "2J",
                "\\xc2\\x9b2J", "\\xc2\\x9b2J"},
               {"\x7f\r", "\\x7f\\x0d", "\\x7f\\x0d"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char *visible = text_visible(all[i].text, strlen(all[i].text), false);
        char *lines = text_visible(all[i].text, strlen(all[i].text), true);
        cr_expect_str_eq(visible, all[i].visible);
        cr_expect_str_eq(lines, all[i].lines);
        free(visible);
        free(lines);
    }
    char *nul = text_visible("a\0b", 3, true);
    cr_expect_str_eq(nul, "a\\x00b");
    free(nul);
}

Test(jobs_text, a_reason_is_not_escaped_twice)
{
    char *reason = text_reason("exit 1: a\\nb\\x1b\n\033");
    cr_expect_str_eq(reason, "exit 1: a\\nb\\x1b\\x0a\\x1b");
    free(reason);
}

Test(jobs_text, invalid_bytes_are_replaced_in_json)
{
    char *valid = text_utf8("a\xff\xc3\xa4\xc3");
    cr_expect_str_eq(valid, "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd");
    cr_expect(text_is_utf8(valid, strlen(valid)));
    cr_expect_not(text_is_utf8("a\xff", 2));
    cr_expect(text_is_utf8("", 0));
    free(valid);
}

/* The vectors of RFC 4648, section 10: the beginnings of a word. */
Test(jobs_text, base64_is_that_of_the_rfc)
{
    static const char *const all[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                      "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char *text = text_base64("foobar", i);
        cr_expect_str_eq(text, all[i]);
        free(text);
    }
    char *high = text_base64("\xff\xfe\xfd", 3);
    cr_expect_str_eq(high, "//79");
    free(high);
}

Test(jobs_text, spans_have_two_units_at_most)
{
    static const struct {
        int64_t ms;
        const char *text;
    } all[] = {{-5, "0 ms"},          {0, "0 ms"},       {999, "999 ms"},       {1000, "1 s"},
               {59999, "59 s"},       {60000, "1 m"},    {61000, "1 m 1 s"},    {3600000, "1 h"},
               {5430000, "1 h 30 m"}, {86400000, "1 d"}, {273600000, "3 d 4 h"}};
    char text[48];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_expect_str_eq(text_span(all[i].ms * 1000000, text, sizeof text), all[i].text);
    cr_expect(strlen(text_span(INT64_MAX, text, sizeof text)) < sizeof text);
}

Test(jobs_text, secret_headers_are_recognised_by_name)
{
    static const char *const hidden[] = {"Authorization", "proxy-authorization", "Set-Cookie",
                                         "X-API-Key",     "db_password",         "ACCESS_TOKEN"};
    static const char *const shown[] = {"x-dlq-reason", "content", "", "author"};
    static const char *const more[] = {"content"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        cr_expect(redact_hides(hidden[i], NULL, 0), "%s", hidden[i]);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        cr_expect_not(redact_hides(shown[i], NULL, 0), "%s", shown[i]);
    cr_expect(redact_hides("My-Content", more, 1));
}
