/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests with JSON bodies, of bare loops on cloud services: libcurl and jansson, one at a time. */
#ifndef BAR_WORKER_BARE_WEB_H
#define BAR_WORKER_BARE_WEB_H

#include <curl/curl.h>
#include <jansson.h>
#include <stddef.h>

typedef struct bare_web {
    CURL *curl;
    char *answer;
    size_t size;
} bare_web;

void bare_web_begin(bare_web *web);
void bare_web_end(bare_web *web);
/* Posts and frees the request; returns the answer, which is the caller's. */
json_t *bare_web_ask(bare_web *web, const char *url, struct curl_slist *headers, json_t *request);

#endif
