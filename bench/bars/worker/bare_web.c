/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bare_web.h"

#include "brokers.h"

#include <stdlib.h>
#include <string.h>

static size_t on_data(char *data, size_t one, size_t size, void *arg)
{
    bare_web *web = arg;
    char *longer = realloc(web->answer, web->size + size * one + 1);
    if (!longer)
        worker_bare_die("realloc", "no memory");
    memcpy(longer + web->size, data, size);
    web->answer = longer;
    web->size += size;
    return size;
}

void bare_web_begin(bare_web *web)
{
    *web = (bare_web){.curl = curl_easy_init()};
    if (!web->curl)
        worker_bare_die("curl_easy_init", NULL);
    curl_easy_setopt(web->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(web->curl, CURLOPT_WRITEDATA, web);
}

void bare_web_end(bare_web *web)
{
    curl_easy_cleanup(web->curl);
    free(web->answer);
    web->answer = NULL;
}

json_t *bare_web_ask(bare_web *web, const char *url, struct curl_slist *headers, json_t *request)
{
    long status = 0;
    char *body = json_dumps(request, JSON_COMPACT);
    web->size = 0;
    curl_easy_setopt(web->curl, CURLOPT_URL, url);
    curl_easy_setopt(web->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(web->curl, CURLOPT_POSTFIELDS, body);
    CURLcode code = curl_easy_perform(web->curl);
    if (code)
        worker_bare_die("curl_easy_perform", curl_easy_strerror(code));
    curl_easy_getinfo(web->curl, CURLINFO_RESPONSE_CODE, &status);
    json_t *answer = json_loadb(web->answer, web->size, 0, NULL);
    if (status != 200 || !answer)
        worker_bare_die("request", "the server refuses it");
    json_decref(request);
    free(body);
    return answer;
}
