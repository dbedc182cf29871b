/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages: copies, limits, and the JSON envelope. */
#include <criterion/criterion.h>
#include <runtime/service/message.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The envelope ---- */

static const struct {
    const char *body, *payload; /* NULL: malformed, */
    const char *why;            /* because of this */
} bodies[] = {
    {"{\"id\":\"a\",\"type\":\"t\",\"payload\":{\"n\":1.50}}", "{\"n\":1.50}", NULL},
    {" { \"payload\" : [1, {\"payload\": 2}] ,\"type\":\"t\", \"id\" : \"a\" } ",
     "[1, {\"payload\": 2}]", NULL},
    {"{\"id\":\"a\",\"x\":\"payload\",\"type\":\"t\",\"payload\":\"}, \\\" {\"}", "\"}, \\\" {\"",
     NULL},
    {"{\"id\":\"a\",\"type\":\"t\",\"payload\":123456789012345678901234567890}",
     "123456789012345678901234567890", NULL},
    {"{\"id\":\"a\",\"type\":\"t\",\"payload\":null , \"y\":1}", "null", NULL},
    {"{\"id\":\"a\",\"type\":\"t\"}", NULL, "JSON envelope without a payload"},
    {"{\"id\":\"a\",\"type\":\"t\",\"x\":{\"payload\":1}}", NULL,
     "JSON envelope without a payload"},
    {"{\"id\":7,\"type\":\"t\",\"payload\":1}", NULL, "JSON envelope without an id (a text)"},
    {"{\"id\":\"a\",\"type\":\"\",\"payload\":1}", NULL, "JSON envelope without a type (a text)"},
    {"{\"id\":\"a\",\"type\":\"t\\u0000x\",\"payload\":1}", NULL,
     "JSON envelope without a type (a text)"},
    {"{\"id\":\"a\",\"id\":\"b\",\"type\":\"t\",\"payload\":1}", NULL, "body is not JSON"},
    {"[1]", NULL, "JSON envelope is not an object"},
    {"{\"id\":\"a\"", NULL, "body is not JSON"},
    {"", NULL, "body is not JSON"},
    {"\xff\xfe", NULL, "body is not JSON"},
};

Test(envelope, the_json_envelope_gives_id_type_and_the_payload_as_it_stands)
{
    if (!fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        return;
    for (unsigned i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        size_t size = strlen(bodies[i].body);
        char *body = malloc(size + 1); /* not a byte more: a sanitizer sees reads beyond */
        char *texts = NULL;
        memcpy(body, bodies[i].body, size);
        filch_message message = {.body = body, .body_size = size};
        const char *why = fl_envelope_open_json(&message, &texts);
        if (bodies[i].payload) {
            cr_assert_null(why, "%u: %s", i, why);
            cr_assert_str_eq(message.id, "a");
            cr_assert_str_eq(message.type, "t");
            cr_assert_eq(message.body_size, strlen(bodies[i].payload), "%u", i);
            cr_assert_eq(memcmp(message.body, bodies[i].payload, message.body_size), 0, "%u", i);
        } else {
            cr_assert(why && strcmp(why, bodies[i].why) == 0, "%u: %s", i, why);
            cr_assert_eq(message.body, body, "it is untouched");
        }
        free(texts);
        free(body);
    }
}

Test(envelope, nesting_is_limited_before_the_parser_sees_it)
{
    enum { DEEP = 100000 };
    static char body[DEEP];
    if (!fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        return;
    memset(body, '[', sizeof body);
    filch_message message = {.body = body, .body_size = sizeof body};
    char *texts = NULL;
    cr_assert_str_eq(fl_envelope_open_json(&message, &texts), "JSON nested more than 64 deep");
    for (unsigned depth = 63; depth <= 64; depth++) { /* and the envelope itself */
        int size =
            snprintf(body, sizeof body, "{\"id\":\"a\",\"type\":\"t\",\"payload\":%.*s%.*s}",
                     (int)depth, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                     (int)depth,
                     "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
        message.body_size = (size_t)size;
        cr_assert_eq(fl_envelope_open_json(&message, &texts) == NULL, depth == 63);
        free(texts);
        texts = NULL;
        message.body = body;
    }
}

/* ---- Copies and limits ---- */

Test(message, a_copy_holds_everything_and_a_header_is_found_in_any_case)
{
    const filch_header headers[] = {{"A", "1"}, {"X-Long-Name", ""}};
    const filch_message message = {.id = "i",
                                   .type = "t",
                                   .content_type = "c",
                                   .dedup = "d",
                                   .tracestate = "s",
                                   .body = "ab\0c",
                                   .body_size = 4,
                                   .headers = headers,
                                   .header_count = 2,
                                   .priority = 3};
    void *room = malloc(fl_message_room(&message));
    filch_message copy;
    fl_message_copy(&copy, &message, room);
    cr_assert_eq(memcmp(copy.body, "ab\0c", 5), 0);
    cr_assert_str_eq(copy.id, "i");
    cr_assert_str_eq(copy.tracestate, "s");
    cr_assert_null(copy.queue);
    cr_assert_eq(copy.priority, 3);
    cr_assert_str_eq(filch_message_header(&copy, "x-long-NAME"), "");
    cr_assert_null(filch_message_header(&copy, "b"));
    cr_assert_neq(copy.headers, headers);
    free(room);
}

Test(message, limits_of_body_and_headers)
{
    static char text[FL_HEADERS_MOST];
    memset(text, 'x', sizeof text - 1);
    filch_header header = {"", &text[2]}; /* with its NULs exactly 64 KiB less one */
    filch_message message = {.headers = &header, .header_count = 1, .body_size = FL_BODY_MOST};
    cr_assert_null(fl_message_excess(&message));
    header.value = text;
    cr_assert_str_eq(fl_message_excess(&message), "headers over 64 KiB");
    message.body_size++;
    cr_assert_str_eq(fl_message_excess(&message), "body over 16 MiB");
}

Test(message, random_ids_differ)
{
    char a[FL_ID_BYTES], b[FL_ID_BYTES];
    fl_message_random_id(a);
    fl_message_random_id(b);
    cr_assert_eq(strlen(a), FL_ID_BYTES - 1);
    cr_assert_str_neq(a, b);
}
