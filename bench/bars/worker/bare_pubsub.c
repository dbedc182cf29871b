/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bare loop on the subscription of the broker pubsub, by libcurl, jansson and libcrypto: a pull for up to a
 * hundred messages, whose bodies are decoded, then one acknowledgement for these. */
#include "brokers.h"
#include "queue.h"

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

typedef struct bare {
    CURL *curl;
    struct curl_slist *headers;
    char subscription[256]; /* its URL */
    char *answer;
    size_t size;
} bare;

static void check(CURLcode code, const char *call)
{
    if (code)
        worker_bare_die(call, curl_easy_strerror(code));
}

static size_t on_data(char *data, size_t one, size_t size, void *arg)
{
    bare *b = arg;
    char *longer = realloc(b->answer, b->size + size * one + 1);
    if (!longer)
        worker_bare_die("realloc", "no memory");
    memcpy(longer + b->size, data, size);
    b->answer = longer;
    b->size += size;
    return size;
}

/* Frees the request. */
static json_t *ask(bare *b, const char *verb, json_t *request)
{
    long status = 0;
    char url[300], *body = json_dumps(request, JSON_COMPACT);
    snprintf(url, sizeof url, "%s:%s", b->subscription, verb);
    b->size = 0;
    curl_easy_setopt(b->curl, CURLOPT_URL, url);
    curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, body);
    check(curl_easy_perform(b->curl), "curl_easy_perform");
    curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &status);
    json_t *answer = json_loadb(b->answer, b->size, 0, NULL);
    if (status != 200 || !answer)
        worker_bare_die("request", "the server refuses it");
    json_decref(request);
    free(body);
    return answer;
}

/* url: pubsub://PROJECT/?endpoint=URL&... */
static void *open_bare(const char *url)
{
    static bare b;
    const char *project = strstr(url, "://") + 3, *endpoint = strstr(url, "endpoint=") + 9;
    snprintf(b.subscription, sizeof b.subscription,
             "%.*s/v1/projects/%.*s/subscriptions/" BAR_QUEUE "-filch", (int)strcspn(endpoint, "&"),
             endpoint, (int)strcspn(project, "/?"), project);
    b.curl = curl_easy_init();
    if (!b.curl)
        worker_bare_die("curl_easy_init", NULL);
    b.headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(b.curl, CURLOPT_HTTPHEADER, b.headers);
    curl_easy_setopt(b.curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(b.curl, CURLOPT_WRITEDATA, &b);
    return &b;
}

static void decode(const json_t *received)
{
    unsigned char body[4096];
    const json_t *data = json_object_get(json_object_get(received, "message"), "data");
    size_t size = json_string_length(data);
    if (size > sizeof body ||
        EVP_DecodeBlock(body, (const unsigned char *)json_string_value(data), (int)size) < 0)
        worker_bare_die("EVP_DecodeBlock", "no body of the bar");
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    while (count > 0) {
        size_t i;
        json_t *received, *ids = json_array();
        int most = count < (long)how->batch ? (int)count : (int)how->batch;
        json_t *answer = ask(b, "pull", json_pack("{s:i}", "maxMessages", most));
        json_array_foreach(json_object_get(answer, "receivedMessages"), i, received)
        {
            decode(received);
            json_array_append(ids, json_object_get(received, "ackId"));
        }
        json_decref(answer);
        long got = (long)json_array_size(ids);
        json_t *request = json_pack("{s:o}", "ackIds", ids);
        if (got)
            json_decref(ask(b, "acknowledge", request));
        else
            json_decref(request);
        count -= got;
    }
}

static void close_bare(void *bare_)
{
    bare *b = bare_;
    curl_slist_free_all(b->headers);
    curl_easy_cleanup(b->curl);
    free(b->answer);
    b->answer = NULL;
}

const worker_bare worker_bare_pubsub[] = {
    {"pull 100, acknowledge 100", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.7},
    {0},
};
