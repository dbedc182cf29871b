/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Headers that a broker keeps in one text. Any bytes make a delivery; its headers are those of the
 * text, in their order, and packed again they are the text's beginning. */
#include <runtime/service/message.h>
#include <tests/fuzz/host.h>

enum { HEADERS_MOST = 64 };

static void check_headers(const filch_message *got, const char *text, size_t size)
{
    size_t packed = fl_headers_pack(NULL, NULL, 0, got->headers, got->header_count);
    char *again = malloc(packed + 1);
    FUZZ_CHECK(again && packed <= size, "%zu of %zu bytes", packed, size);
    fl_headers_pack(again, NULL, 0, got->headers, got->header_count);
    FUZZ_CHECK(memcmp(again, text, packed) == 0, "%zu headers", got->header_count);
    bool is_whole = size && !text[size - 1];
    size_t left = is_whole ? size - packed : 0; /* at most a name without a value */
    FUZZ_CHECK(!left || strlen(text + packed) + 1 == left, "%zu bytes are left out", left);
    free(again);
}

/* With the headers of a dead letter, which replace those of the same name. */
static void check_replaced(const filch_message *got)
{
    fl_dead_headers dead;
    fl_dead_headers_fill(&dead, "reason", "tasks", 1);
    size_t size =
        fl_headers_pack(NULL, dead.header, FL_DEAD_HEADERS, got->headers, got->header_count);
    char *text = malloc(size);
    FUZZ_CHECK(text, "no memory");
    fl_headers_pack(text, dead.header, FL_DEAD_HEADERS, got->headers, got->header_count);
    const fl_broker_config config = {.host = &fuzz_host, .queues = (const char *[]){"tasks.dlq"}};
    fl_delivery *letter = fl_headers_deliver(&config, 0, (filch_message){.id = "i"}, text, size, 0);
    const filch_message *read = &letter->message;
    FUZZ_CHECK(read->header_count <= got->header_count + FL_DEAD_HEADERS, "%zu",
               read->header_count);
    for (unsigned i = 0; i < FL_DEAD_HEADERS; i++)
        FUZZ_CHECK(strcmp(filch_message_header(read, dead.header[i].name), dead.header[i].value) ==
                       0,
                   "%s", dead.header[i].name);
    free(letter);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fl_broker_config config = {.host = &fuzz_host,
                                     .queues = (const char *[]){"tasks"},
                                     .body_most = 0,
                                     .header_most = HEADERS_MOST};
    char *text = malloc(size ? size : 1); /* exactly, so that a byte more is seen */
    FUZZ_CHECK(text, "no memory");
    memcpy(text, data, size);
    fl_delivery *one = fl_headers_deliver(&config, 0, (filch_message){.id = "i"}, text, size, 0);
    FUZZ_CHECK(one, "no delivery");
    FUZZ_CHECK(!one->malformed == (size <= HEADERS_MOST), "%zu bytes", size);
    FUZZ_CHECK(strcmp(one->message.queue, "tasks") == 0, "%s", one->message.queue);
    check_headers(&one->message, text, size);
    check_replaced(&one->message);
    free(one);
    free(text);
    return 0;
}
