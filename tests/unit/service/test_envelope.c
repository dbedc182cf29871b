/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages: copies, limits, and the JSON envelope. */
#include <runtime/service/message.h>
#include <stdio.h>
#include <tests/support/test.h>

/* ---- The envelope ---- */

static const struct {
    const char *body, *id, *payload; /* without an id that of the message stays */
    fl_envelope_rc rc;
    const char *why;
} bodies[] = {
    {"{\"id\":\"a\",\"type\":\"t\",\"payload\":{\"n\":1.50}}", "a", "{\"n\":1.50}", 0, NULL},
    {" { \"payload\" : [1, {\"payload\": 2}] ,\"type\":\"t\", \"id\" : \"a\" } ", "a",
     "[1, {\"payload\": 2}]", 0, NULL},
    {"{\"id\":\"a\",\"x\":\"payload\",\"type\":\"t\",\"payload\":\"}, \\\" {\"}", "a",
     "\"}, \\\" {\"", 0, NULL},
    {"{\"id\":\"a\",\"type\":\"t\",\"payload\":123456789012345678901234567890}", "a",
     "123456789012345678901234567890", 0, NULL},
    {"{\"id\":\"a\",\"type\":\"t\",\"payload\":null , \"y\":1}", "a", "null", 0, NULL},
    {"{\"type\":\"t\"}", NULL, "", 0, NULL},
    {"{\"id\":null,\"type\":\"t\",\"payload\":1}", NULL, "1", 0, NULL},
    {"{\"id\":\"\",\"type\":\"t\",\"x\":{\"payload\":1}}", NULL, "", 0, NULL},
    {"{\"id\":\"b\",\"id\":\"a\",\"type\":\"t\",\"payload\":1,\"payload\":[2]}", "a", "[2]", 0,
     NULL},
    {"{\"type\":\"t\",\"payload\":{\"k\":1,\"k\":2}}", NULL, "{\"k\":1,\"k\":2}", 0, NULL},
    {"{\"id\":7,\"type\":\"t\",\"payload\":1}", NULL, NULL, FL_ENVELOPE_MALFORMED,
     "JSON envelope with an id that is not a string"},
    {"{\"type\":\"t\",\"pay\\u006coad\":1}", NULL, NULL, FL_ENVELOPE_MALFORMED,
     "JSON envelope with an escape in the key \"payload\""},
    {"{\"id\":\"a\",\"type\":\"\",\"payload\":1}", NULL, NULL, FL_ENVELOPE_NONE,
     "JSON envelope without a type (a string)"},
    {"{\"id\":\"a\",\"type\":\"t\\u0000x\",\"payload\":1}", NULL, NULL, FL_ENVELOPE_NONE,
     "JSON envelope without a type (a string)"},
    {"[1]", NULL, NULL, FL_ENVELOPE_NONE, "JSON envelope is not an object"},
    {"{\"type\":\"a\"", NULL, NULL, FL_ENVELOPE_NONE, "body is not JSON"},
    {"", NULL, NULL, FL_ENVELOPE_NONE, "body is not JSON"},
    {"\xff\xfe", NULL, NULL, FL_ENVELOPE_NONE, "body is not JSON"},
};

static void is_opened(unsigned i, const filch_message *message)
{
    cr_assert_str_eq(message->id, bodies[i].id ? bodies[i].id : "own", "%u", i);
    cr_assert_str_eq(message->type, "t");
    cr_assert_eq(message->body_size, strlen(bodies[i].payload), "%u", i);
    cr_assert_eq(memcmp(message->body, bodies[i].payload, message->body_size), 0, "%u", i);
}

Test(envelope, type_alone_is_required)
{
    if (!fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        return;
    for (unsigned i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        size_t size = strlen(bodies[i].body);
        char *body = malloc(size + 1); /* not a byte more: a sanitizer sees reads beyond */
        char *texts = NULL;
        const char *why = NULL;
        memcpy(body, bodies[i].body, size);
        filch_message message = {.id = "own", .body = body, .body_size = size};
        cr_assert_eq(fl_envelope_open_json(&message, &texts, &why), bodies[i].rc, "%u: %s", i, why);
        if (bodies[i].payload) {
            is_opened(i, &message);
        } else {
            cr_assert_str_eq(why, bodies[i].why, "%u", i);
            cr_assert(message.body == body && !message.type, "it is untouched");
        }
        free(texts);
        free(body);
    }
}

Test(envelope, nesting_is_limited_before_parsing)
{
    enum { DEEP = 100000 };
    static char body[DEEP];
    if (!fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        return;
    memset(body, '[', sizeof body);
    filch_message message = {.body = body, .body_size = sizeof body};
    char *texts = NULL;
    const char *why;
    cr_assert_eq(fl_envelope_open_json(&message, &texts, &why), FL_ENVELOPE_NONE);
    cr_assert_str_eq(why, "JSON nested more than 64 deep");
    for (unsigned depth = 63; depth <= 64; depth++) { /* and the envelope itself */
        int size =
            snprintf(body, sizeof body, "{\"id\":\"a\",\"type\":\"t\",\"payload\":%.*s%.*s}",
                     (int)depth, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                     (int)depth,
                     "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
        message.body_size = (size_t)size;
        cr_assert_eq(fl_envelope_open_json(&message, &texts, &why),
                     depth == 63 ? FL_ENVELOPE_OPENED : FL_ENVELOPE_NONE);
        free(texts);
        texts = NULL;
        message.body = body;
    }
}

/* ---- Copies and limits ---- */

Test(message, copy_holds_everything_headers_ignore_case)
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
