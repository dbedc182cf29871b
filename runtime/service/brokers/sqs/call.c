/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/sqs.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/keys.h>
#include <runtime/service/brokers/sqs/sign.h>
#include <runtime/service/net/http_client.h>

#include <filch/timer.h>
#include <filch/wait.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ANSWER_MOST = 64 << 20, /* ten messages of 1 MiB, whose bytes JSON may write as \u00XX */
    LINE = 4608,
    TARGET = 80
};
static const int64_t BUSY_LEAST = 100 * FILCH_MILLISECOND, BUSY_MOST = 10 * FILCH_SECOND;

/* ---- Errors ---- */

/* Codes of errors that are neither the server's state nor a refusal of one message. */
static const struct {
    const char *code;
    fl_broker_rc rc;
} errors[] = {
    {"ThrottlingException", FL_BROKER_BUSY},   {"Throttling", FL_BROKER_BUSY},
    {"RequestThrottled", FL_BROKER_BUSY},      {"OverLimit", FL_BROKER_BUSY},
    {"KmsThrottled", FL_BROKER_BUSY},          {"QueueDeletedRecently", FL_BROKER_BUSY},
    {"ExpiredTokenException", FL_BROKER_LOST}, {"ExpiredToken", FL_BROKER_LOST},
};

/* Receives and sends make load. Deletions and leases do not rest, since leases would end meanwhile. */
static bool makes_load(const char *operation)
{
    return strcmp(operation, "ReceiveMessage") == 0 || strcmp(operation, "SendMessageBatch") == 0;
}

/* BUSY, explained, for a while after the server has declined requests. */
static fl_broker_rc rest(const fl_sqs *s, const char *operation)
{
    if (fl_sqs_now(s) >= s->busy_until || !makes_load(operation))
        return FL_BROKER_OK;
    return s->base.host->explain(s->base.host, FL_BROKER_BUSY,
                                 "%s declines requests for now; the service waits longer each time",
                                 s->options.host);
}

/* Several requests that are declined side by side are one reason to rest. */
void fl_sqs_throttle(fl_sqs *s, int64_t retry_after)
{
    int64_t now = fl_sqs_now(s), next = 2 * s->busy_for;
    if (now >= s->busy_until)
        s->busy_for = next > BUSY_MOST ? BUSY_MOST : next < BUSY_LEAST ? BUSY_LEAST : next;
    int64_t pause = retry_after > s->busy_for ? retry_after : s->busy_for;
    pause = pause < BUSY_MOST ? pause : BUSY_MOST;
    if (s->busy_until < now + pause)
        s->busy_until = now + pause;
}

/* "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue" */
static void read_code(fl_sqs_call *call, json_t *root)
{
    const char *type = json_string_value(json_object_get(root, "__type"));
    const char *hash = type ? strrchr(type, '#') : NULL;
    snprintf(call->code, sizeof call->code, "%s", hash ? hash + 1 : type ? type : "");
}

/* Others with HTTP 403, such as AccessDenied, are about the role's policy (AWS General Reference, "Common
 * Errors"; Amazon SQS API Reference, "Common Errors"). */
static bool is_about_keys(const fl_sqs_call *call)
{
    static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException",
                                        "InvalidAccessKeyId", "InvalidClientTokenId",
                                        "UnrecognizedClientException"};
    for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i], call->code) == 0)
            return true;
    return false;
}

static fl_broker_rc rc_of(const fl_sqs_call *call, long status)
{
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].code, call->code) == 0)
            return errors[i].rc;
    return status == 429 || status >= 500 ? FL_BROKER_BUSY : FL_BROKER_REFUSED;
}

bool fl_sqs_is_absent(const fl_sqs_call *call)
{
    return strcmp(call->code, "QueueDoesNotExist") == 0 || strstr(call->code, "NonExistentQueue");
}

/* Without the server's text, which may name keys: only its code. */
static fl_broker_rc judge(fl_sqs_call *call, const fl_web_answer *answer)
{
    fl_sqs *s = call->s;
    const fl_broker_host *host = s->base.host;
    if (answer->failure)
        return host->explain(host, answer->is_distrusted ? FL_BROKER_REFUSED : FL_BROKER_LOST,
                             "%s at %s has no answer (%s)", call->operation, s->options.host,
                             answer->failure);
    json_t *root = json_loadb(answer->body, answer->body_size, 0, NULL);
    if (answer->status == 200 && json_is_object(root)) {
        s->busy_for = makes_load(call->operation) ? 0 : s->busy_for;
        call->answer = root;
        return FL_BROKER_OK;
    }
    read_code(call, root);
    json_decref(root);
    if (answer->status == 200)
        return host->explain(host, FL_BROKER_LOST, "%s at %s: the answer is not a JSON object",
                             call->operation, s->options.host);
    fl_broker_rc rc = rc_of(call, answer->status);
    if (fl_sqs_is_absent(call) && strcmp(call->operation, "GetQueueUrl") == 0)
        return rc; /* no failure yet: the queue can be created */
    if (rc == FL_BROKER_BUSY)
        fl_sqs_throttle(s, answer->retry_after);
    if (is_about_keys(call))
        fl_sqs_keys_forget(s->keys);
    return host->explain(
        host, rc, "%s at %s: HTTP %ld %s (queues, keys and their policy: docs/service/sqs.md)",
        call->operation, s->options.host, answer->status, call->code);
}

static void end(fl_sqs_call *call)
{
    if (call->left)
        --*call->left;
    if (call->done)
        call->done(call);
}

static void on_answer(void *arg, const fl_web_answer *answer)
{
    fl_sqs_call *call = arg;
    call->running = NULL;
    call->rc = judge(call, answer);
    end(call);
}

/* ---- Requests ---- */

typedef struct request_headers {
    char date[FL_SQS_DATE], target[TARGET], authorization[FL_SQS_AUTHORIZATION];
    char line[7][LINE];
    const char *list[8];
} request_headers;

/* false: no memory, or a token that has no room. */
static bool make_headers(const fl_sqs *s, const fl_sqs_key *key, const char *operation,
                         const char *body, size_t size, request_headers *out)
{
    static const char type[] = "application/x-amz-json-1.0";
    const char *names[] = {"content-type", "host", "x-amz-date", "x-amz-security-token",
                           "x-amz-target"};
    const char *values[] = {type, s->options.host, out->date, key->token, out->target};
    unsigned count = 0, used = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (values[i]) {
            names[count] = names[i];
            values[count++] = values[i];
        }
    fl_sqs_date(time(NULL), out->date);
    snprintf(out->target, sizeof out->target, "AmazonSQS.%s", operation);
    const fl_sqs_signed to_sign = {.id = key->id,
                                   .secret = key->secret,
                                   .region = s->options.region,
                                   .service = "sqs",
                                   .date = out->date,
                                   .names = names,
                                   .values = values,
                                   .count = count,
                                   .body = body,
                                   .body_size = size};
    if (!fl_sqs_sign(&to_sign, out->authorization))
        return false;
    for (; used < count; used++)
        if (snprintf(out->line[used], LINE, "%s: %s", names[used], values[used]) >= LINE)
            return false;
    snprintf(out->line[used++], LINE, "authorization: %s", out->authorization);
    for (unsigned i = 0; i < used; i++)
        out->list[i] = out->line[i];
    out->list[used] = NULL;
    return true;
}

static bool send_call(fl_sqs_call *call, const fl_sqs_key *key, json_t *request, int64_t timeout)
{
    request_headers headers;
    fl_sqs *s = call->s;
    char *body = json_dumps(request, JSON_COMPACT);
    size_t size = body ? strlen(body) : 0;
    if (body && make_headers(s, key, call->operation, body, size, &headers)) {
        call->running = fl_web_begin(s->web, &(fl_web_request){.url = s->options.endpoint,
                                                               .headers = headers.list,
                                                               .body = body,
                                                               .body_size = size,
                                                               .timeout = timeout,
                                                               .answer_most = ANSWER_MOST,
                                                               .is_direct = s->options.is_local,
                                                               .done = on_answer,
                                                               .arg = call});
    } else {
        free(body);
    }
    explicit_bzero(&headers, sizeof headers);
    return call->running;
}

void fl_sqs_begin(fl_sqs_call *call, const char *operation, json_t *request, int64_t timeout)
{
    fl_sqs_key key;
    fl_sqs *s = call->s;
    call->operation = operation;
    call->answer = NULL;
    call->code[0] = '\0';
    call->rc = rest(s, operation);
    if (!call->rc)
        call->rc = fl_sqs_keys_get(s->keys, &key, filch_in(s->config.call_timeout));
    if (!call->rc && !send_call(call, &key, request, timeout))
        call->rc = s->base.host->explain(s->base.host, FL_BROKER_LOST,
                                         "no memory for a request; free some");
    json_decref(request);
    if (call->rc)
        end(call);
}

void fl_sqs_cancel(fl_sqs_call *call)
{
    if (call->running)
        fl_web_cancel(call->running);
    call->running = NULL;
}

fl_broker_rc fl_sqs_ask(fl_sqs *s, const char *operation, json_t *request, fl_sqs_call *call)
{
    unsigned left = 1;
    *call = (fl_sqs_call){.s = s, .left = &left};
    fl_sqs_begin(call, operation, request, s->config.call_timeout);
    fl_web_finish(s->web, &left, FILCH_FOREVER); /* the request has its own time */
    return call->rc;
}
