/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bare loop on the queue of the broker sqs, by libcurl, which signs, and jansson: ReceiveMessage for up to
 * ten messages, then DeleteMessageBatch for these. */
#include <bench/bars/worker/bare_web.h>
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <tests/service/brokers/sqs/sqs.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bare {
    bare_web web;
    struct curl_slist *receive, *delete; /* headers */
    char endpoint[128], queue[256];      /* URLs */
} bare;

static struct curl_slist *headers_for(const char *operation)
{
    char target[80];
    snprintf(target, sizeof target, "X-Amz-Target: AmazonSQS.%s", operation);
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/x-amz-json-1.0");
    return curl_slist_append(list, target);
}

/* url: sqs+http://HOST:PORT/?... */
static void *open_bare(const char *url)
{
    static bare b;
    const char *host = strstr(url, "://") + 3;
    snprintf(b.endpoint, sizeof b.endpoint, "http://%.*s/", (int)strcspn(host, "/?"), host);
    snprintf(b.queue, sizeof b.queue, "%s000000000000/" BAR_QUEUE, b.endpoint);
    bare_web_begin(&b.web);
    b.receive = headers_for("ReceiveMessage");
    b.delete = headers_for("DeleteMessageBatch");
    curl_easy_setopt(b.web.curl, CURLOPT_AWS_SIGV4, "aws:amz:eu-central-1:sqs");
    curl_easy_setopt(b.web.curl, CURLOPT_USERNAME, getenv("AWS_ACCESS_KEY_ID"));
    curl_easy_setopt(b.web.curl, CURLOPT_PASSWORD, getenv("AWS_SECRET_ACCESS_KEY"));
    return &b;
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    while (count > 0) {
        size_t i;
        json_t *message;
        int most = count < (long)how->batch ? (int)count : (int)how->batch;
        json_t *answer =
            bare_web_ask(&b->web, b->endpoint, b->receive,
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
        json_decref(bare_web_ask(&b->web, b->endpoint, b->delete, request));
        count -= got;
    }
}

static void close_bare(void *bare_)
{
    bare *b = bare_;
    curl_slist_free_all(b->receive);
    curl_slist_free_all(b->delete);
    bare_web_end(&b->web);
}

static const worker_bare bares[] = {
    {"receive 10, delete 10", 10, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.7},
    {0},
};

/* ---- Its server ---- */

static const char *server_url(void)
{
    if (!sqs.pid)
        sqs_start("");
    return sqs_url("");
}

/* Its queues are in memory: all connections are cut instead. */
static void cut(void)
{
    kill(sqs.pid, SIGUSR1);
}

const worker_broker worker_broker_sqs = {
    .settings =
        {
            {.name = "sqs", .url = server_url, .jobs = 10000, .is_durable = true, .bares = bares},
        },
    .server = {.name = "sqs", .url = server_url, .restart = cut, .is_in_memory = true},
};
