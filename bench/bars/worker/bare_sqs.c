/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bare loop on the queue of the broker sqs, by libcurl, which signs, and jansson: ReceiveMessage for up to
 * ten messages, then DeleteMessageBatch for these. */
#include "brokers.h"
#include "queue.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct bare {
    CURL *curl;
    struct curl_slist *receive, *delete; /* headers */
    char queue[256];                     /* its URL */
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

static struct curl_slist *headers_for(const char *operation)
{
    char target[80];
    snprintf(target, sizeof target, "X-Amz-Target: AmazonSQS.%s", operation);
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/x-amz-json-1.0");
    return curl_slist_append(list, target);
}

/* Frees the request. */
static json_t *ask(bare *b, struct curl_slist *headers, json_t *request)
{
    long status = 0;
    char *body = json_dumps(request, JSON_COMPACT);
    b->size = 0;
    curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, headers);
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

/* url: sqs+http://HOST:PORT/?... */
static void *open_bare(const char *url)
{
    static bare b;
    char endpoint[128];
    const char *host = strstr(url, "://") + 3;
    snprintf(endpoint, sizeof endpoint, "http://%.*s/", (int)strcspn(host, "/?"), host);
    snprintf(b.queue, sizeof b.queue, "%s000000000000/" BAR_QUEUE, endpoint);
    b.curl = curl_easy_init();
    if (!b.curl)
        worker_bare_die("curl_easy_init", NULL);
    b.receive = headers_for("ReceiveMessage");
    b.delete = headers_for("DeleteMessageBatch");
    curl_easy_setopt(b.curl, CURLOPT_URL, endpoint);
    curl_easy_setopt(b.curl, CURLOPT_AWS_SIGV4, "aws:amz:eu-central-1:sqs");
    curl_easy_setopt(b.curl, CURLOPT_USERNAME, getenv("AWS_ACCESS_KEY_ID"));
    curl_easy_setopt(b.curl, CURLOPT_PASSWORD, getenv("AWS_SECRET_ACCESS_KEY"));
    curl_easy_setopt(b.curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(b.curl, CURLOPT_WRITEDATA, &b);
    return &b;
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    while (count > 0) {
        size_t i;
        json_t *message;
        int most = count < (long)how->batch ? (int)count : (int)how->batch;
        json_t *answer = ask(b, b->receive,
                             json_pack("{s:s, s:i, s:i, s:[s], s:[s]}", "QueueUrl", b->queue,
                                       "MaxNumberOfMessages", most, "VisibilityTimeout", 300,
                                       "MessageSystemAttributeNames", "ApproximateReceiveCount",
                                       "MessageAttributeNames", "All"));
        json_t *entries = json_array();
        json_array_foreach(json_object_get(answer, "Messages"), i, message)
        {
            char id[24];
            snprintf(id, sizeof id, "%zu", i);
            json_array_append_new(entries, json_pack("{s:s, s:O}", "Id", id, "ReceiptHandle",
                                                     json_object_get(message, "ReceiptHandle")));
        }
        json_decref(answer);
        long got = (long)json_array_size(entries);
        json_t *request = json_pack("{s:s, s:o}", "QueueUrl", b->queue, "Entries", entries);
        if (!got) {
            json_decref(request);
            continue;
        }
        json_decref(ask(b, b->delete, request));
        count -= got;
    }
}

static void close_bare(void *bare_)
{
    bare *b = bare_;
    curl_slist_free_all(b->receive);
    curl_slist_free_all(b->delete);
    curl_easy_cleanup(b->curl);
    free(b->answer);
    b->answer = NULL;
}

const worker_bare worker_bare_sqs[] = {
    {"receive 10, delete 10", 10, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.7},
    {0},
};
