/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * traceparent, to the letter of W3C Trace Context. */
#include <filch/traceparent.h>
#include <tests/support/test.h>

#define IDS "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"

static const struct {
    const char *text;
    const char *again; /* as it is sent on; NULL: it is refused */
} headers[] = {
    {"00-" IDS "-01", "00-" IDS "-01"},
    {"00-" IDS "-00", "00-" IDS "-00"},
    /* flags that nobody knows are not passed on */
    {"00-" IDS "-ff", "00-" IDS "-01"},
    {"00-" IDS "-fe", "00-" IDS "-00"},
    {"00-" IDS "-02", "00-" IDS "-00"},
    /* later versions, as far as they are known */
    {"01-" IDS "-01", "00-" IDS "-01"},
    {"cc-" IDS "-01-what-the-future-will-be", "00-" IDS "-01"},
    {"fe-" IDS "-01-", "00-" IDS "-01"},
    {"cc-" IDS "-01.what", NULL},
    {"cc-" IDS "-011", NULL},
    {"ff-" IDS "-01", NULL},
    {"00-" IDS "-01-more", NULL},
    {"00-" IDS "-01-", NULL},
    {"00-" IDS "-01 ", NULL},
    {" 00-" IDS "-01", NULL},
    /* digits */
    {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902.7-01", NULL},
    {"00-" IDS "-0A", NULL},
    {"00-" IDS "-0x", NULL},
    {"0x-" IDS "-01", NULL},
    {"FE-" IDS "-01", NULL},
    /* lengths and dashes */
    {"", NULL},
    {"00", NULL},
    {"00-" IDS, NULL},
    {"00-" IDS "-", NULL},
    {"00-" IDS "-1", NULL},
    {"0-" IDS "-01", NULL},
    {"000-" IDS "-01", NULL},
    {"00_" IDS "-01", NULL},
    {"00-" IDS "_01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", NULL},
    /* no ids */
    {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", NULL},
    {"00-00000000000000000000000000000001-0000000000000001-01",
     "00-00000000000000000000000000000001-0000000000000001-01"},
};

Test(traceparent, headers_are_forwarded_or_refused)
{
    for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++) {
        filch_traceparent trace, untouched;
        char text[FILCH_TRACEPARENT_TEXT];
        memset(&untouched, 0x5a, sizeof untouched);
        trace = untouched;
        int rc = filch_traceparent_parse(&trace, headers[i].text, strlen(headers[i].text));
        cr_assert_eq(rc, headers[i].again ? 0 : -EINVAL, "%s", headers[i].text);
        if (rc) {
            cr_assert_eq(memcmp(&trace, &untouched, sizeof trace), 0, "%s", headers[i].text);
            continue;
        }
        cr_assert_eq(trace.flags & ~FILCH_TRACEPARENT_SAMPLED, 0, "%s", headers[i].text);
        OK(filch_traceparent_format(&trace, text));
        cr_assert_str_eq(text, headers[i].again);
        trace.flags |= 0xfe;
        OK(filch_traceparent_format(&trace, text));
        cr_assert_str_eq(text, headers[i].again);
    }
}

/* A value shorter than it says is not read beyond its end: sanitizers would tell. */
Test(traceparent, parser_reads_no_byte_beyond_size)
{
    const char *text = headers[0].text;
    for (size_t size = 0; size <= strlen(text); size++) {
        filch_traceparent trace;
        char *exact = malloc(size + 1);
        memcpy(exact, text, size);
        exact[size] = 'f';
        char *bare = realloc(exact, size ? size : 1);
        cr_assert_eq(filch_traceparent_parse(&trace, bare, size), size == 55 ? 0 : -EINVAL);
        free(bare);
    }
}

Test(traceparent, wrong_byte_is_refused_or_visible)
{
    char text[FILCH_TRACEPARENT_TEXT], again[FILCH_TRACEPARENT_TEXT];
    for (unsigned at = 0; at < 53; at++) /* before the flags */
        for (unsigned c = 0; c < 256; c++) {
            filch_traceparent trace;
            strcpy(text, headers[0].text);
            text[at] = (char)c;
            if (filch_traceparent_parse(&trace, text, 55))
                continue;
            cr_assert((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-');
            OK(filch_traceparent_format(&trace, again));
            cr_assert_str_eq(again + 3, text + 3);
        }
}

Test(traceparent, child_is_new_span_same_trace)
{
    filch_traceparent root, child, grandchild;
    filch_traceparent_begin(&root, true);
    filch_traceparent_child(&child, &root);
    grandchild = child;
    filch_traceparent_child(&grandchild, &grandchild);
    cr_assert_eq(memcmp(root.trace, child.trace, sizeof root.trace), 0);
    cr_assert_eq(memcmp(root.trace, grandchild.trace, sizeof root.trace), 0);
    cr_assert_neq(memcmp(root.span, child.span, sizeof root.span), 0);
    cr_assert_neq(memcmp(child.span, grandchild.span, sizeof root.span), 0);
    cr_assert_eq(grandchild.flags, FILCH_TRACEPARENT_SAMPLED);
}

Test(traceparent, traces_differ_and_are_whole)
{
    enum { MANY = 1000 };
    static filch_traceparent all[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        char text[FILCH_TRACEPARENT_TEXT];
        filch_traceparent_begin(&all[i], i % 2);
        cr_assert_eq(all[i].flags, i % 2);
        OK(filch_traceparent_format(&all[i], text));
        for (unsigned j = 0; j < i; j++)
            cr_assert_neq(memcmp(all[j].trace, all[i].trace, sizeof all[i].trace), 0);
    }
}

Test(traceparent, bad_arguments_are_refused)
{
    filch_traceparent trace = {{0}, {1}, 0};
    char text[FILCH_TRACEPARENT_TEXT] = "before";
    cr_assert_eq(filch_traceparent_format(&trace, text), -EINVAL);
    cr_assert_str_eq(text, "");
    cr_assert_eq(filch_traceparent_format(&(filch_traceparent){{1}, {0}, 0}, text), -EINVAL);
    cr_assert_eq(filch_traceparent_parse(NULL, headers[0].text, 55), -EINVAL);
    cr_assert_eq(filch_traceparent_parse(&trace, NULL, 55), -EINVAL);
}
