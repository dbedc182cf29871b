/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A stand-in of Google Cloud Pub/Sub, written from its REST reference (v1) and its guides.
 *
 *     stand_in_pubsub [--port N] [--key PUBLIC.pem --issuer EMAIL] [--life SECONDS] [--stays yes]
 *
 * Covered: topics and subscriptions (PUT, GET), publish, pull (also returnImmediately),
 * acknowledge, modifyAckDeadline, deadlines, one ack id for each delivery, order by key, deliveryAttempt
 * of subscriptions with a dead-letter policy, limits of attributes and requests. With --key: access
 * tokens, from POST /token for an assertion that this key verifies, or from the metadata server's path;
 * they end after --life (3600).
 *
 * Not covered: push, streaming pull, filters, schemas, snapshots, exactly-once delivery, retry policies,
 * quotas, IAM. Nor are retention of acknowledged messages and forwarding of dead letters. The service
 * allows itself to lose order, and to accept an acknowledgement of a delivery that is over; here neither
 * happens. Everything is in memory.
 *
 * For tests:
 *     POST /-/pass?ns=N                      moves its clock
 *     POST /-/revoke                         ends all tokens
 *     POST /-/fail?status=S&count=N[&verb=V] refuses the next N requests, or those whose path ends with V
 *     POST /-/poison                         refuses requests with a message whose id is "poison"
 *     GET /-/tokens                          how many tokens it has given out
 *     GET /-/requests?verb=V                 how many requests of a kind it has had */
#include <tests/service/brokers/pubsub/stand_in/pubsub_store.h>
#include <tests/service/brokers/pubsub/stand_in/pubsub_tokens.h>
#include <tests/service/http_server.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MOST = 16 << 20, REQUEST_MOST = 10 * 1000 * 1000, BATCH_MOST = 1000 };
static const int64_t POLL = 5000000000; /* ns that a pull without messages waits */

static struct {
    store store;
    tokens tokens;
    http_request *first; /* pulls that wait, by their data */
    long fail_status, fail_count;
    char fail_verb[32]; /* "": any */
    bool has_poison;
    json_t *requests; /* their numbers, by verb */
} s;

typedef struct pull {
    http_request *next;
    subscription *from;
    size_t most;
} pull;

static pull *pull_of(http_request *request)
{
    return request->data;
}

/* ---- Answers ---- */

static void answer(http_request *request, unsigned status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    http_answer(request, status, "application/json", text, strlen(text));
    free(text);
    json_decref(body);
}

/* As google.rpc.Status is mapped. */
static void refuse(http_request *request, int code, const char *message)
{
    answer(request, (unsigned)code,
           json_pack("{s:{s:i, s:s}}", "error", "code", code, "message", message));
}

/* ---- Pulls ---- */

static void forget(http_request *request)
{
    pull *one = pull_of(request);
    for (http_request **at = &s.first; *at; at = &pull_of(*at)->next)
        if (*at == request) {
            *at = one->next;
            break;
        }
    free(one);
    request->data = NULL;
}

static void answer_pull(http_request *request, json_t *received)
{
    json_t *body = json_object();
    if (json_array_size(received))
        json_object_set(body, "receivedMessages", received);
    json_decref(received);
    answer(request, 200, body);
}

/* Those that have messages now, the oldest first. */
static void serve_pulls(void)
{
    for (http_request *request = s.first, *next; request; request = next) {
        pull *one = pull_of(request);
        next = one->next;
        json_t *received = store_pull(&s.store, one->from, one->most);
        if (!json_array_size(received)) {
            json_decref(received);
            continue;
        }
        forget(request);
        answer_pull(request, received);
    }
}

static void expire(void *state, http_request *request)
{
    forget(request);
    answer_pull(request, json_array());
}

static void leave(void *state, http_request *request)
{
    forget(request);
}

static int64_t turn(void *state)
{
    int64_t until = store_turn(&s.store);
    serve_pulls();
    return until;
}

static void begin_pull(http_request *request, subscription *from, const json_t *body)
{
    json_int_t most = json_integer_value(json_object_get(body, "maxMessages"));
    if (most < 1) {
        refuse(request, 400, "maxMessages must be positive");
        return;
    }
    if (most > BATCH_MOST)
        most = BATCH_MOST;
    json_t *received = store_pull(&s.store, from, (size_t)most);
    if (json_array_size(received) || json_is_true(json_object_get(body, "returnImmediately"))) {
        answer_pull(request, received);
        return;
    }
    json_decref(received);
    pull *one = malloc(sizeof *one);
    *one = (pull){NULL, from, (size_t)most};
    request->data = one;
    http_request **at = &s.first;
    while (*at)
        at = &pull_of(*at)->next;
    *at = request;
    http_wait(request, http_now() + POLL);
}

/* ---- Subscriptions and topics ---- */

static void settle(http_request *request, subscription *from, const json_t *body, bool acknowledges)
{
    const json_t *ids = json_object_get(body, "ackIds"),
                 *seconds = json_object_get(body, "ackDeadlineSeconds");
    size_t i;
    json_t *id;
    if (!json_array_size(ids)) {
        refuse(request, 400, "no ack ids");
        return;
    }
    if (!acknowledges && (!json_is_integer(seconds) || json_integer_value(seconds) < 0 ||
                          json_integer_value(seconds) > STORE_DEADLINE_MOST)) {
        refuse(request, 400, "ackDeadlineSeconds must be 0..600");
        return;
    }
    json_array_foreach((json_t *)(uintptr_t)ids, i, id) if (acknowledges)
        store_acknowledge(&s.store, from, json_string_value(id));
    else store_defer(&s.store, from, json_string_value(id), json_integer_value(seconds));
    answer(request, 200, json_object());
    serve_pulls();
}

static void handle_subscription(http_request *request, const char *name, const char *verb,
                                const json_t *body)
{
    subscription *from = store_subscription(&s.store, name);
    if (!verb && strcmp(request->method, "PUT") == 0) {
        bool exists = from;
        const char *why =
            exists ? "Resource already exists" : store_subscribe(&s.store, name, body, &from);
        if (why)
            refuse(request, exists ? 409 : 400, why);
        else
            answer(request, 200, store_describe(from));
    } else if (!from) {
        refuse(request, 404, "Resource not found");
    } else if (!verb && strcmp(request->method, "GET") == 0) {
        answer(request, 200, store_describe(from));
    } else if (verb && strcmp(verb, "pull") == 0) {
        begin_pull(request, from, body);
    } else if (verb && strcmp(verb, "acknowledge") == 0) {
        settle(request, from, body, true);
    } else if (verb && strcmp(verb, "modifyAckDeadline") == 0) {
        settle(request, from, body, false);
    } else {
        refuse(request, 404, "Method not found");
    }
}

static void publish(http_request *request, topic *to, const json_t *body)
{
    json_t *ids = NULL;
    const char *why = request->body_size > REQUEST_MOST ? "the request is larger than 10 MB"
                      : s.has_poison && strstr(request->body, "\"poison\"")
                          ? "a message is invalid"
                          : store_publish(&s.store, to, json_object_get(body, "messages"), &ids);
    if (why) {
        refuse(request, 400, why);
        return;
    }
    answer(request, 200, json_pack("{s:o}", "messageIds", ids));
    serve_pulls();
}

static void handle_topic(http_request *request, const char *name, const char *verb,
                         const json_t *body)
{
    topic *to = store_topic(&s.store, name);
    if (!verb && strcmp(request->method, "PUT") == 0 && to)
        refuse(request, 409, "Resource already exists");
    else if (!verb && strcmp(request->method, "PUT") == 0)
        answer(request, 200, json_pack("{s:s}", "name", store_make_topic(&s.store, name)));
    else if (!to)
        refuse(request, 404, "Resource not found");
    else if (verb && strcmp(verb, "publish") == 0)
        publish(request, to, body);
    else
        refuse(request, 404, "Method not found");
}

/* ---- Requests ---- */

static void control(http_request *request)
{
    const char *path = request->path + strlen("/-/"), *ns = http_query(request, "ns"),
               *status = http_query(request, "status"), *count = http_query(request, "count"),
               *verb = http_query(request, "verb");
    if (strcmp(path, "pass") == 0) {
        store_pass(&s.store, ns ? atoll(ns) : 0);
        store_turn(&s.store);
    } else if (strcmp(path, "revoke") == 0) {
        tokens_revoke(&s.tokens);
    } else if (strcmp(path, "fail") == 0) {
        s.fail_status = status ? atol(status) : 503;
        s.fail_count = count ? atol(count) : 1;
        snprintf(s.fail_verb, sizeof s.fail_verb, "%s", verb ? verb : "");
    } else if (strcmp(path, "poison") == 0) {
        s.has_poison = true;
    }
    json_int_t number = strcmp(path, "requests") == 0 && verb
                            ? json_integer_value(json_object_get(s.requests, verb))
                            : (json_int_t)s.tokens.given;
    answer(request, 200, json_pack("{s:I}", "number", number));
    serve_pulls();
}

/* /v1/projects/P/topics/T[:VERB] */
static void handle_resource(http_request *request)
{
    char *name = strdup(request->path + strlen("/v1/")), *verb = strrchr(name, ':');
    json_t *body = json_loadb(request->body, request->body_size, JSON_ALLOW_NUL, NULL);
    if (verb)
        *verb++ = '\0';
    if (strstr(name, "/subscriptions/"))
        handle_subscription(request, name, verb, body);
    else if (strstr(name, "/topics/"))
        handle_topic(request, name, verb, body);
    else
        refuse(request, 404, "no such resource");
    json_decref(body);
    free(name);
}

static void give_token(http_request *request, const char *why)
{
    if (why) {
        answer(request, 400,
               json_pack("{s:s, s:s}", "error", "invalid_grant", "error_description", why));
        return;
    }
    answer(request, 200,
           json_pack("{s:s, s:I, s:s}", "access_token", tokens_give(&s.tokens, store_now(&s.store)),
                     "expires_in", (json_int_t)s.tokens.life, "token_type", "Bearer"));
}

static const char *verb_of(const http_request *request)
{
    const char *verb = strrchr(request->path, ':');
    return verb ? verb + 1 : "";
}

static bool is_to_fail(const http_request *request)
{
    return s.fail_count > 0 && (!*s.fail_verb || strcmp(verb_of(request), s.fail_verb) == 0);
}

static void count(const http_request *request)
{
    const char *verb = verb_of(request);
    json_int_t before = json_integer_value(json_object_get(s.requests, verb));
    if (*verb)
        json_object_set_new(s.requests, verb, json_integer(before + 1));
}

static void handle(void *state, http_request *request)
{
    count(request);
    const char *flavor = http_header(request, "Metadata-Flavor");
    if (strncmp(request->path, "/-/", 3) == 0) {
        control(request);
    } else if (strcmp(request->path, "/token") == 0) {
        give_token(request, tokens_verify(&s.tokens, request->body, store_unix(&s.store)));
    } else if (strcmp(request->path,
                      "/computeMetadata/v1/instance/service-accounts/default/token") == 0) {
        if (flavor && strcmp(flavor, "Google") == 0)
            give_token(request, NULL);
        else
            refuse(request, 403, "Missing Metadata-Flavor:Google header");
    } else if (is_to_fail(request)) {
        s.fail_count--;
        refuse(request, (int)s.fail_status, "as the test has asked");
    } else if (!tokens_allow(&s.tokens, http_header(request, "Authorization"),
                             store_now(&s.store))) {
        refuse(request, 401, "Request had invalid authentication credentials");
    } else {
        handle_resource(request);
    }
}

int main(int argc, char **argv)
{
    static const http_routes routes = {handle, expire, leave, turn};
    const char *key = NULL, *issuer = NULL;
    http_options options = {.body_most = BODY_MOST};
    s.tokens.life = 3600;
    s.requests = json_object();
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port") == 0)
            options.port = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--key") == 0)
            key = argv[i + 1];
        else if (strcmp(argv[i], "--issuer") == 0)
            issuer = argv[i + 1];
        else if (strcmp(argv[i], "--life") == 0)
            s.tokens.life = atol(argv[i + 1]);
        else if (strcmp(argv[i], "--stays") == 0)
            options.stays = strcmp(argv[i + 1], "yes") == 0;
    }
    if (key && !tokens_begin(&s.tokens, key, issuer))
        return 1;
    return http_serve(&routes, NULL, &options);
}
