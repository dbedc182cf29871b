/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_shared_parts */
#include <tests/support/test.h>
#include <tools/shared/sheet.h>

static const char columns[] =
    "name:-6s,time:8t,share:8%1,count:6c,whole:5n,real:6f2,free:6f,word:-5w,flag:4b";

/* A row with all, one with a mark and a gap, and one that ends early. */
static void write_rows(const sheet *s)
{
    SHEET_ROW(s, CELL("a\"b"), CELL(0.0123), CELL(0.255), CELL(12345), CELL(1e6), CELL(1.0 / 3),
              CELL(2.0 / 3), CELL("ours"), CELL(1));
    SHEET_ROW(s, CELL("a|<b&\x1b too long"), {.number = 2, .mark = true}, CELL(NAN), CELL(7));
}

static char *written(sheet_format format)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    sheet s;
    cr_assert_not_null(out);
    sheet_begin(&s, format, columns, out);
    s.indent = format == SHEET_TEXT;
    sheet_head(&s);
    write_rows(&s);
    sheet_foot(&s);
    fclose(out);
    return text;
}

static const struct row {
    const char *claim;
    sheet_format format;
    const char *expected;
} formats[] = {
    {"text is aligned, cut, without blanks at the end, and harmless", SHEET_TEXT,
     " name       time    share  count whole   real   free  word  flag\n"
     " a\"b     12.3 ms   25.5 % 12.3 k 1000000   0.33  0.667  ours     1\n"
     " a|<b&?   2.00 s*              7\n"},
    {"CSV has bare numbers and quoted names", SHEET_CSV,
     "name,time,share,count,whole,real,free,word,flag\r\n"
     "\"a\"\"b\",0.0123,0.255,12345,1000000,0.33,0.666666667,ours,1\r\n"
     "\"a|<b&\x1b too long\",2,,7,,,,,\r\n"},
    {"Markdown finds nothing to format", SHEET_MARKDOWN,
     "| name | time | share | count | whole | real | free | word | flag |\n"
     "|---|---:|---:|---:|---:|---:|---:|---|---:|\n"
     "| a\"b | 12.3 ms | 25.5 % | 12.3 k | 1000000 | 0.33 | 0.667 | ours | 1 |\n"
     "| a\\|\\<b&  too long | 2.00 s\\* |  | 7 |  |  |  |  |  |\n"},
    {"HTML finds no markup", SHEET_HTML,
     "<table>\n<thead><tr><th>name</th><th>time</th><th>share</th><th>count</th><th>whole</th>"
     "<th>real</th><th>free</th><th>word</th><th>flag</th></tr></thead>\n<tbody>\n"
     "<tr><td>a\"b</td><td>12.3 ms</td><td>25.5 %</td><td>12.3 k</td><td>1000000</td>"
     "<td>0.33</td><td>0.667</td><td>ours</td><td>1</td></tr>\n"
     "<tr><td>a|&lt;b&amp;\x1b too long</td><td>2.00 s*</td><td></td><td>7</td><td></td><td></td>"
     "<td></td><td></td><td></td></tr>\n</tbody>\n</table>\n"},
};

FOR_EACH(sheet, format_has_the_same_cells, formats)
{
    char *text = written(one->format);
    cr_expect_str_eq(text, one->expected, "%s: %s", one->claim, text);
    free(text);
}

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>

Test(sheet, json_rows_are_objects)
{
    sheet s;
    sheet_begin(&s, SHEET_JSON, columns, NULL);
    s.rows = json_array();
    write_rows(&s);
    char *text = json_dumps(s.rows, JSON_COMPACT | JSON_REAL_PRECISION(6));
    cr_expect_str_eq(text,
                     "[{\"name\":\"a\\\"b\",\"time\":0.0123,\"share\":0.255,\"count\":12345.0,"
                     "\"whole\":1000000,\"real\":0.333333,\"free\":0.666667,\"word\":\"ours\","
                     "\"flag\":true},"
                     "{\"name\":\"a|<b&\\u001B too long\",\"time\":2.0,\"share\":null,"
                     "\"count\":7.0}]",
                     "%s", text);
    free(text);
    json_decref(s.rows);
}
#endif

Test(sheet, columns_grow_with_texts)
{
    sheet s;
    const sheet_cell cells[] = {CELL("\xc3\xa4\xc3\xa4 longer"), CELL(0.001)};
    sheet_begin(&s, SHEET_TEXT, columns, stdout);
    sheet_fit(&s, cells, 2);
    cr_expect_eq(s.columns[0].width, -9);
    cr_expect_eq(s.columns[1].width, 8);
}

static void write_two(const void *what, FILE *out)
{
    fprintf(out, "one <\n  %s\n", (const char *)what);
}

static const struct row lists[] = {
    {"text stays as it is", SHEET_TEXT, "one <\n  two\n"},
    {"Markdown has items", SHEET_MARKDOWN, "- one \\<\n- two\n"},
    {"HTML has items", SHEET_HTML, "<ul>\n<li>one &lt;</li>\n<li>two</li>\n</ul>\n"},
};

FOR_EACH(sheet, lines_are_a_list, lists)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    unsetenv("COLUMNS");
    sheet_lines(one->format, write_two, "two", out);
    fclose(out);
    cr_expect_str_eq(text, one->expected, "%s: %s", one->claim, text);
    free(text);
}
