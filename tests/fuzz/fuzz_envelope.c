/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The JSON envelope. Any body is refused with a reason, or has a type, and the payload that
 * jansson finds in it, if any; and a message made of these has a body that opens again. */
#include <jansson.h>
#include <runtime/service/message.h>
#include <tests/fuzz/fuzz.h>

enum { FLAGS = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL };

static void check_payload(const filch_message *got, const char *body, size_t size)
{
    const char *at = got->body;
    json_t *whole = json_loadb(body, size, FLAGS, NULL);
    if (!got->body_size) {
        FUZZ_CHECK(!json_object_get(whole, "payload"), "lost");
        json_decref(whole);
        return;
    }
    FUZZ_CHECK(at >= body && got->body_size <= size - (size_t)(at - body), "%zu bytes",
               got->body_size);
    json_t *payload = json_loadb(at, got->body_size, FLAGS, NULL);
    FUZZ_CHECK(whole && payload, "%.*s", (int)got->body_size, at);
    FUZZ_CHECK(json_equal(json_object_get(whole, "payload"), payload), "%.*s", (int)got->body_size,
               at);
    json_decref(whole);
    json_decref(payload);
}

static void check_again(const filch_message *got)
{
    size_t size;
    char *texts = NULL, *body = fl_envelope_close_json(got, &size);
    FUZZ_CHECK(body, "cannot be closed");
    filch_message again = {.body = body, .body_size = size};
    const char *why;
    FUZZ_CHECK(!fl_envelope_open_json(&again, &texts, &why), "%s", why);
    FUZZ_CHECK(strcmp(again.id, got->id) == 0 && strcmp(again.type, got->type) == 0, "%s", body);
    const char *sent = got->body_size ? got->body : "null";
    FUZZ_CHECK(again.body_size == strlen(sent) || got->body_size, "%s", body);
    FUZZ_CHECK(!got->body_size || again.body_size == got->body_size, "%s", body);
    FUZZ_CHECK(memcmp(again.body, sent, again.body_size) == 0, "%s", body);
    free(texts);
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *texts = NULL, *body = calloc(1, size + 1); /* as in a delivery */
    FUZZ_CHECK(body, "no memory");
    memcpy(body, data, size);
    filch_message message = {.id = "own", .body = body, .body_size = size};
    const char *why;
    if (fl_envelope_open_json(&message, &texts, &why)) {
        FUZZ_CHECK(*why && !message.type && message.body == body && message.body_size == size &&
                       !texts,
                   "%s", why);
    } else {
        FUZZ_CHECK(*message.id && *message.type, "empty");
        check_payload(&message, body, size);
        check_again(&message);
    }
    free(texts);
    free(body);
    return 0;
}
