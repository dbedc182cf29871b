/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Trace context from outside: a traceparent, and tracestate headers, one a line. The answer is a
 * value that is valid itself, is read back as the same, and respects the limits; or -EINVAL, and
 * nothing of it is passed on. The first two bytes put members before those of the input, so that
 * the limits are near. */
#include <errno.h>
#include <filch/traceparent.h>
#include <stdbool.h>
#include <tests/fuzz/fuzz.h>

static void parent(const char *header, size_t size)
{
    filch_traceparent trace, again;
    char out[FILCH_TRACEPARENT_TEXT];
    int rc = filch_traceparent_parse(&trace, header, size);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL, "%d", rc);
    if (rc)
        return;
    FUZZ_CHECK(filch_traceparent_format(&trace, out) == 0, "a trace that was read can be written");
    FUZZ_CHECK(filch_traceparent_parse(&again, out, strlen(out)) == 0, "%s", out);
    FUZZ_CHECK(!memcmp(trace.trace, again.trace, sizeof trace.trace), "%s", out);
    FUZZ_CHECK(!memcmp(trace.span, again.span, sizeof trace.span), "%s", out);
    FUZZ_CHECK(trace.flags == again.flags, "%s", out);
}

/* By the letter of the recommendation, one character after the other. */
static void check_member(const char *member, size_t size)
{
    size_t key = 0, value;
    while (key < size && member[key] != '=')
        key++;
    FUZZ_CHECK(key >= 1 && key <= 256 && key < size, "%.*s", (int)size, member);
    value = size - key - 1;
    FUZZ_CHECK(value >= 1 && value <= 256 && member[size - 1] != ' ', "%.*s", (int)size, member);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)member[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool mark = i && (c == '_' || c == '-' || c == '*' || c == '/' || c == '@');
        bool printed = c >= ' ' && c < 0x7f && c != ',' && c != '=';
        FUZZ_CHECK(i == key || (i < key ? letter || mark : printed), "%.*s", (int)size, member);
    }
}

static void check_state(const filch_tracestate *state)
{
    size_t length = strlen(state->text), members = 0;
    FUZZ_CHECK(length < FILCH_TRACESTATE_TEXT, "%zu", length);
    for (const char *at = state->text, *end; *at; at = *end ? end + 1 : end) {
        end = strchr(at, ',');
        end = end ? end : at + strlen(at);
        check_member(at, (size_t)(end - at));
        FUZZ_CHECK(++members <= FILCH_TRACESTATE_MEMBERS, "%s", state->text);
        FUZZ_CHECK(!*end || end[1], "%s", state->text);
    }
    filch_tracestate again = {.text = ""};
    FUZZ_CHECK(filch_tracestate_add(&again, state->text, length) == 0, "%s", state->text);
    FUZZ_CHECK(!strcmp(again.text, state->text), "%s, then %s", state->text, again.text);
}

static void add_first(filch_tracestate *state, unsigned count, unsigned size)
{
    for (unsigned i = 0; i < count; i++) {
        char member[300];
        int key = sprintf(member, "first%u=", i);
        memset(member + key, 'v', size);
        FUZZ_CHECK(filch_tracestate_add(state, member, (size_t)key + size) == 0, "%u", i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};
    filch_tracestate state = {.text = ""};
    unsigned count = below(&in, 33), each = 1 + below(&in, 200);
    parent((const char *)in.at, (size_t)(in.end - in.at));
    add_first(&state, count, each);
    bool refused = false;
    while (in.at < in.end) {
        const uint8_t *end = memchr(in.at, '\n', (size_t)(in.end - in.at));
        end = end ? end : in.end;
        size_t length = (size_t)(end - in.at);
        char *exact = malloc(length + !length); /* sanitizers see a byte too many */
        FUZZ_CHECK(exact, "no memory");
        memcpy(exact, in.at, length);
        int rc = filch_tracestate_add(&state, exact, length);
        free(exact);
        FUZZ_CHECK(rc == 0 || rc == -EINVAL, "%d", rc);
        FUZZ_CHECK(rc || !refused, "it stays refused");
        refused = rc;
        FUZZ_CHECK(!rc || !*state.text, "%s", state.text);
        check_state(&state);
        in.at = end < in.end ? end + 1 : end;
    }
    return 0;
}
