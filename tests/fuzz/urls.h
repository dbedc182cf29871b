/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of one broker, for the target fuzz_urls. The folder of a broker may have a file fuzz_url.c,
 * which defines fuzz_NAME. */
#ifndef FUZZ_URLS_H
#define FUZZ_URLS_H

#include <runtime/service/broker.h>
#include <tests/fuzz/fuzz.h>

typedef struct fuzz_broker {
    fl_broker_rc (*parse)(const fl_broker_host *host, const char *url); /* and checks the parts */
    bool is_path;                                                       /* so no secret */
} fuzz_broker;

/* Reads each text to its end, so that a sanitizer sees one without. */
static inline void read_texts(const char *const *texts, size_t count, const char *url)
{
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(!texts[i] || strlen(texts[i]) <= strlen(url) + 16, "part %zu of %s", i, url);
}
#define READ_TEXTS(url, ...)                                                                       \
    read_texts((const char *const[]){__VA_ARGS__},                                                 \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), url)

#endif
