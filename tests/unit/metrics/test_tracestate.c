/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * tracestate: the grammar and the limits of W3C Trace Context, section 3.3. */
#include <filch/traceparent.h>
#include <stdio.h>
#include <tests/support/test.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
#define MARKS                                                                                      \
    " !\"#$%&'()*+-./"                                                                             \
    "0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

static int add(filch_tracestate *state, const char *text)
{
    return filch_tracestate_add(state, text, strlen(text));
}

static const struct {
    const char *text, *again; /* NULL: it is refused */
} headers[] = {
    /* examples of the recommendation */
    {"congo=t61rcWkgMzE", "congo=t61rcWkgMzE"},
    {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
    {"vendorname1=opaqueValue1,vendorname2=opaqueValue2",
     "vendorname1=opaqueValue1,vendorname2=opaqueValue2"},
    {"fw529a3039@dt=FfLzFHk", "fw529a3039@dt=FfLzFHk"},
    /* all characters */
    {LETTERS "=1", LETTERS "=1"},
    {LETTERS "@a-z0-9_-*/=1", LETTERS "@a-z0-9_-*/=1"},
    {"a=" MARKS, "a=" MARKS},
    {"0a=1", "0a=1"},
    {"a@b@c=1", "a@b@c=1"},
    /* blanks around members, and empty members */
    {"", ""},
    {" \t ", ""},
    {",", ""},
    {", ,\t,", ""},
    {" foo=1", "foo=1"},
    {"\t foo=1 \t", "foo=1"},
    {"foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"},
    {"foo=1\t \t,\t \tbar=2,,\t \tbaz=3,", "foo=1,bar=2,baz=3"},
    {"foo=  1  2  ", "foo=  1  2"},
    /* the first of a key is the newest */
    {"foo=1,foo=2", "foo=1"},
    {"foo=1,bar=2,foo=3,baz=4", "foo=1,bar=2,baz=4"},
    {"foo=1,foofoo=2,f=3", "foo=1,foofoo=2,f=3"},
    /* bad keys */
    {"foo", NULL},
    {"=1", NULL},
    {"foo =1", NULL},
    {"foo\t=1", NULL},
    {"FOO=1", NULL},
    {"foO=1", NULL},
    {"foo.bar=1", NULL},
    {"@foo=1", NULL},
    {"_foo=1", NULL},
    {"-foo=1", NULL},
    {"*foo=1", NULL},
    {"/foo=1", NULL},
    {"f\xc3\xb6=1", NULL},
    {"good=1,foo=,bar=3", NULL},
    /* bad values */
    {"foo=", NULL},
    {"foo= ", NULL},
    {"foo=bar=baz", NULL},
    {"foo=a\tb", NULL},
    {"foo=a\x7f", NULL},
    {"foo=a\x1f", NULL},
    {"foo=\xc3\xb6", NULL},
    {"foo=1;bar", "foo=1;bar"},
    {"foo=1\n", NULL},
};

Test(tracestate, headers_are_forwarded_or_refused)
{
    for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++) {
        filch_tracestate state = {.text = ""};
        int rc = add(&state, headers[i].text);
        cr_assert_eq(rc, headers[i].again ? 0 : -EINVAL, "%u: %s", i, headers[i].text);
        cr_assert_str_eq(state.text, headers[i].again ? headers[i].again : "");
    }
}

Test(tracestate, zero_byte_is_refused)
{
    filch_tracestate state = {.text = ""};
    cr_assert_eq(filch_tracestate_add(&state, "a=1\0", 4), -EINVAL);
    state = (filch_tracestate){.text = ""};
    cr_assert_eq(filch_tracestate_add(&state, "a\0=1", 4), -EINVAL);
}

/* ---- Several headers ---- */

static const struct {
    const char *texts[4], *together;
} several[] = {
    {{"foo=1,bar=2", "rojo=1,congo=2", "baz=3"}, "foo=1,bar=2,rojo=1,congo=2,baz=3"},
    {{"foo=1", ""}, "foo=1"},
    {{"", "foo=1"}, "foo=1"},
    {{"foo=1", "foo=2,bar=3"}, "foo=1,bar=3"},
    {{"foo=1,", ",bar=2"}, "foo=1,bar=2"},
    {{"foo=1", "bad"}, NULL},
    {{"bad", "foo=1"}, NULL},
    {{"foo=1", "bad", "", "bar=2"}, NULL},
};

Test(tracestate, several_headers_form_one_ordered_list)
{
    for (unsigned i = 0; i < sizeof several / sizeof *several; i++) {
        filch_tracestate state = {.text = ""};
        int rc = 0;
        for (unsigned k = 0; k < 4 && several[i].texts[k]; k++)
            rc = add(&state, several[i].texts[k]);
        cr_assert_eq(rc, several[i].together ? 0 : -EINVAL, "%u", i);
        cr_assert_str_eq(state.text, several[i].together ? several[i].together : "");
    }
}

/* ---- Limits ---- */

/* "KEY=VALUE" of so many characters each. */
static const char *sized(size_t key, size_t value)
{
    static char text[1024];
    memset(text, 'k', key);
    text[key] = '=';
    memset(text + key + 1, 'v', value);
    text[key + 1 + value] = '\0';
    return text;
}

Test(tracestate, keys_and_values_allow_256_characters)
{
    static const struct {
        size_t key, value;
        int rc;
    } cases[] = {{256, 1, 0}, {257, 1, -EINVAL}, {1, 256, 0}, {1, 257, -EINVAL}, {256, 255, 0}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        filch_tracestate state = {.text = ""};
        const char *text = sized(cases[i].key, cases[i].value);
        cr_assert_eq(add(&state, text), cases[i].rc, "%u", i);
        cr_assert_str_eq(state.text, cases[i].rc ? "" : text);
    }
    filch_tracestate state = {.text = ""};
    cr_assert_eq(add(&state, sized(256, 256)), 0, "valid, and longer than all that is kept");
    cr_assert_str_eq(state.text, "");
}

static size_t numbered(char *to, unsigned from, unsigned count)
{
    size_t length = 0;
    for (unsigned i = from; i < from + count; i++)
        length += (size_t)sprintf(to + length, "%sk%u=%u", i > from ? "," : "", i, i);
    return length;
}

Test(tracestate, there_are_at_most_32_members)
{
    char text[1024];
    filch_tracestate state = {.text = ""};
    numbered(text, 0, 32);
    cr_assert_eq(add(&state, text), 0);
    cr_assert_str_eq(state.text, text);
    cr_assert_eq(add(&state, " , "), 0, "an empty member is none");
    cr_assert_str_eq(state.text, text);
    cr_assert_eq(add(&state, "one=more"), -EINVAL);
    cr_assert_str_eq(state.text, "");
    cr_assert_eq(add(&state, "a=1"), -EINVAL, "the state stays refused");
    state = (filch_tracestate){.text = ""};
    numbered(text, 0, 33);
    cr_assert_eq(add(&state, text), -EINVAL);
}

Test(tracestate, removed_members_count)
{
    char text[1024];
    filch_tracestate state = {.text = ""};
    for (unsigned i = 0; i < 3; i++) {
        char member[256];
        memset(member, 'v', sizeof member);
        member[0] = (char)('a' + i);
        member[1] = '=';
        OK(filch_tracestate_add(&state, member, 250));
    }
    cr_assert_eq(strlen(state.text), 2 * 250 + 1, "one was removed");
    numbered(text, 0, 29);
    cr_assert_eq(add(&state, text), 0);
    cr_assert_eq(add(&state, "one=more"), -EINVAL);
}

/* Also where the caller has written the text. */
Test(tracestate, excess_members_are_not_written)
{
    char text[1024];
    filch_tracestate state = {.text = ""};
    numbered(state.text, 0, 32);
    numbered(text, 40, 32);
    cr_assert_eq(add(&state, text), -EINVAL);
}

/* A row: the lengths of members, and those of them that are kept, as bits from the first. */
static const struct {
    unsigned lengths[8], kept;
} too_long[] = {
    {{128, 128, 128, 125}, 0xf},            /* 512 with commas */
    {{128, 128, 128, 126}, 0x7},            /* 513: the last */
    {{100, 129, 100, 100, 100}, 0x1d},      /* the long one first */
    {{200, 129, 100, 200, 20}, 0x17},       /* of the long ones the last, and it is enough */
    {{129, 10, 129, 129, 129}, 0xf},        /* the same */
    {{100, 100, 100, 100, 100, 100}, 0x1f}, /* none is long */
    {{140, 120, 120, 120, 120, 20}, 0x3e},  /* the last stays */
    {{200, 128, 128, 128, 128}, 0xe},       /* the long one, then the last */
};

Test(tracestate, long_text_loses_whole_members)
{
    for (unsigned i = 0; i < sizeof too_long / sizeof *too_long; i++) {
        filch_tracestate state = {.text = ""};
        char whole[2048] = "", kept[2048] = "";
        for (unsigned k = 0; k < 8 && too_long[i].lengths[k]; k++) {
            char member[300];
            memset(member, 'v', sizeof member);
            member[0] = (char)('a' + k);
            member[1] = '=';
            member[too_long[i].lengths[k]] = '\0';
            strcat(strcat(whole, k ? "," : ""), member);
            if (too_long[i].kept & 1u << k)
                strcat(strcat(kept, *kept ? "," : ""), member);
        }
        cr_assert_eq(add(&state, whole), 0, "%u", i);
        cr_assert_str_eq(state.text, kept, "%u", i);
    }
}

/* Sanitizers would tell. */
Test(tracestate, parser_reads_no_byte_beyond_size)
{
    static const char text[] = "foo=1,bar=2";
    for (size_t size = 0; size < sizeof text; size++) {
        filch_tracestate state = {.text = ""};
        char *exact = malloc(size ? size : 1);
        memcpy(exact, text, size);
        int rc = filch_tracestate_add(&state, exact, size);
        cr_assert(rc == 0 || rc == -EINVAL);
        free(exact);
    }
    filch_tracestate state = {.text = ""};
    OK(filch_tracestate_add(&state, NULL, 0));
}

Test(tracestate, bad_arguments_are_refused)
{
    filch_tracestate state = {.text = "a=1"};
    cr_assert_eq(filch_tracestate_add(NULL, "a=1", 3), -EINVAL);
    cr_assert_eq(filch_tracestate_add(&state, NULL, 3), -EINVAL);
    cr_assert_str_eq(state.text, "a=1");
}
