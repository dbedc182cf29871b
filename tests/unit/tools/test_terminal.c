/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: needs filch_shared_parts */
#include <tests/support/test.h>
#include <tools/shared/command.h>
#include <tools/shared/terminal.h>

static char *wrapped(const char *text, unsigned width)
{
    char *result = NULL;
    size_t size;
    FILE *out = open_memstream(&result, &size);
    cr_assert_not_null(out);
    terminal_wrap(text, width, out);
    fclose(out);
    return result;
}

static const struct {
    const char *text;
    unsigned width;
    const char *expected;
} cases[] = {
    {"one two three", 0, "one two three\n"},
    {"one two three", 8, "one two\n  three\n"},
    {"one two three\nfour", 8, "one two\n  three\nfour\n"},
    {"  a bb ccc\n", 7, "  a bb\n    ccc\n"},
    {"longerthanthat x", 5, "longerthanthat\n  x\n"},
    {"\xc3\xa4\xc3\xa4\xc3\xa4 b", 5, "\xc3\xa4\xc3\xa4\xc3\xa4 b\n"},
    {"", 8, ""},
};

Test(terminal, lines_break_between_words)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = wrapped(cases[i].text, cases[i].width);
        cr_expect_str_eq(text, cases[i].expected, "%zu: %s", i, text);
        free(text);
    }
}

Test(terminal, file_has_width_only_from_columns)
{
    FILE *file = tmpfile();
    unsetenv("COLUMNS");
    cr_expect_eq(terminal_width(file), 0);
    setenv("COLUMNS", "80", 1);
    cr_expect_eq(terminal_width(file), 80);
    setenv("COLUMNS", "3", 1);
    cr_expect_eq(terminal_width(file), 40);
    setenv("COLUMNS", "wide", 1);
    cr_expect_eq(terminal_width(file), 0);
    fclose(file);
}

static const struct row {
    const char *claim, *line;
    bool expected;
} colours[] = {
    {"a file has none", "tool", false},
    {"a file has them where they are always wanted", "tool --color=always", true},
    {"never", "tool --color never", false},
};

FOR_EACH(terminal, colours_are_chosen, colours)
{
    static const command tool = {.name = "tool"};
    char line[64], *arguments[4] = {NULL}, *rest = line;
    int count = 0;
    snprintf(line, sizeof line, "%s", one->line);
    while (rest)
        arguments[count++] = strsep(&rest, " ");
    FILE *file = tmpfile();
    command_read(&tool, NULL, count, arguments);
    cr_expect_eq(terminal_has_colours(file), one->expected);
    fclose(file);
}
