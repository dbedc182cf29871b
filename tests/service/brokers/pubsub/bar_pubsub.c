/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bare loop on the subscription of the broker pubsub, by libcurl, jansson and libcrypto: a pull for up to a
 * hundred messages, whose bodies are decoded, then one acknowledgement for these. */
#include <bench/bars/worker/bare_web.h>
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <tests/service/brokers/pubsub/pubsub.h>

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

typedef struct bare {
    bare_web web;
    struct curl_slist *headers;
    char subscription[256]; /* its URL */
} bare;

/* Frees the request. */
static json_t *ask(bare *b, const char *verb, json_t *request)
{
    char url[300];
    snprintf(url, sizeof url, "%s:%s", b->subscription, verb);
    return bare_web_ask(&b->web, url, b->headers, request);
}

/* url: pubsub://PROJECT/?endpoint=URL&... */
static void *open_bare(const char *url)
{
    static bare b;
    const char *project = strstr(url, "://") + 3, *endpoint = strstr(url, "endpoint=") + 9;
    snprintf(b.subscription, sizeof b.subscription,
             "%.*s/v1/projects/%.*s/subscriptions/" BAR_QUEUE "-filch", (int)strcspn(endpoint, "&"),
             endpoint, (int)strcspn(project, "/?"), project);
    bare_web_begin(&b.web);
    b.headers = curl_slist_append(NULL, "Content-Type: application/json");
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
    bare_web_end(&b->web);
}

static const worker_bare bares[] = {
    {"pull 100, acknowledge 100", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.7},
    {0},
};

/* ---- Its server ---- */

static const char *server_url(void)
{
    if (!pubsub.pid)
        pubsub_start();
    return pubsub_url(pubsub.port, "&credentials=none");
}

static void cut(void)
{
    kill(pubsub.pid, SIGUSR1);
}

const worker_broker worker_broker_pubsub = {
    .settings =
        {
            {.name = "pubsub",
             .url = server_url,
             .jobs = 10000,
             .is_durable = true,
             .bares = bares},
        },
    .server = {.name = "pubsub", .url = server_url, .restart = cut, .is_in_memory = true},
};
