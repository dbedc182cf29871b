/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/token.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/key.h>
#include <runtime/service/net/http_client.h>

#include <filch/timer.h>
#include <filch/wait.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MOST = 64 << 10,
    LIFE = 3600, /* s, of the JSON Web Token; the longest that is accepted */
};
static const int64_t FETCH_TIMEOUT = 10 * FILCH_SECOND;
static const int64_t AGAIN = 5 * FILCH_SECOND; /* not sooner, after a refresh that failed */

struct fl_pubsub_token {
    const fl_broker_host *host;
    fl_web *web;
    fl_pubsub_key *key; /* NULL: of the metadata server */
    bool is_needed;
    char *header;                /* NULL: there is no token */
    int64_t expires, refresh_at; /* of host->now */
    fl_web_call *call;           /* the present fetch */
    unsigned left;
    long status; /* of the last fetch that failed */
    char failure[FL_CERTIFICATE_WHY];
};

/* ---- Life ---- */

fl_broker_rc fl_pubsub_token_create(fl_pubsub_token **out, const fl_broker_host *host, fl_web *web,
                                    const char *credentials)
{
    if (!credentials)
        credentials = secure_getenv("GOOGLE_APPLICATION_CREDENTIALS");
    if (!credentials || !*credentials)
        credentials = "metadata";
    fl_pubsub_token *token = calloc(1, sizeof *token);
    if (!token)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    token->host = host;
    token->web = web;
    token->is_needed = strcmp(credentials, "none") != 0;
    fl_broker_rc rc = FL_BROKER_OK;
    if (token->is_needed && strcmp(credentials, "metadata") != 0)
        rc = fl_pubsub_key_read(&token->key, host, credentials);
    if (rc)
        fl_pubsub_token_destroy(token);
    else
        *out = token;
    return rc;
}

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void fl_pubsub_token_destroy(fl_pubsub_token *token)
{
    if (!token)
        return;
    if (token->call)
        fl_web_cancel(token->call);
    fl_pubsub_key_free(token->key);
    wipe(&token->header);
    free(token);
}

bool fl_pubsub_token_forget(fl_pubsub_token *token)
{
    bool had_one = token->header;
    wipe(&token->header);
    if (had_one)
        token->refresh_at = 0;
    return had_one;
}

/* ---- Fetching ---- */

/* token_type is Bearer, always. */
static bool take(fl_pubsub_token *token, const char *body, size_t size)
{
    json_t *root = json_loadb(body, size, 0, NULL);
    const char *text = json_string_value(json_object_get(root, "access_token"));
    int64_t life = json_integer_value(json_object_get(root, "expires_in")) * FILCH_SECOND;
    bool is_good = text && life > 0 && !strpbrk(text, "\r\n");
    if (is_good) {
        wipe(&token->header);
        if (asprintf(&token->header, "Authorization: Bearer %s", text) < 0)
            token->header = NULL;
        token->expires = token->host->now(token->host) + life;
        token->refresh_at = token->expires - life / 5;
    }
    json_decref(root);
    return is_good;
}

/* The endpoint explains itself as RFC 6749 5.2 says. */
static void note_failure(fl_pubsub_token *token, const fl_web_answer *answer)
{
    json_t *root = json_loadb(answer->body, answer->body_size, 0, NULL);
    const char *error = json_string_value(json_object_get(root, "error"));
    const char *more = json_string_value(json_object_get(root, "error_description"));
    if (answer->failure)
        snprintf(token->failure, sizeof token->failure, "%s", answer->failure);
    else
        snprintf(token->failure, sizeof token->failure, "status %ld%s%.60s%s%.100s", answer->status,
                 error ? ", " : "", error ? error : "", more ? ": " : "", more ? more : "");
    json_decref(root);
    token->status = answer->status;
    token->refresh_at = token->host->now(token->host) + AGAIN;
}

static void on_answer(void *arg, const fl_web_answer *answer)
{
    fl_pubsub_token *token = arg;
    token->call = NULL;
    token->left = 0;
    if (answer->status != 200 || !take(token, answer->body, answer->body_size))
        note_failure(token, answer);
}

/* The body of a request for the exchange of a signed assertion. */
static char *write_assertion(const fl_pubsub_token *token)
{
    static const char grant[] = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    int64_t now = token->host->unix_time(token->host) / FILCH_SECOND;
    char *body = NULL, *assertion = fl_pubsub_key_assert(token->key, now, now + LIFE);
    if (assertion && asprintf(&body, "%s&assertion=%s", grant, assertion) < 0)
        body = NULL;
    wipe(&assertion);
    return body;
}

static bool begin(fl_pubsub_token *token)
{
    static const char *const of_key[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    static const char *const of_machine[] = {"Metadata-Flavor: Google", NULL};
    char url[300];
    fl_web_request request = {.url = url,
                              .headers = token->key ? of_key : of_machine,
                              .timeout = FETCH_TIMEOUT,
                              .answer_most = ANSWER_MOST,
                              .done = on_answer,
                              .arg = token};
    if (token->key) {
        request.url = fl_pubsub_key_endpoint(token->key);
        request.body = write_assertion(token);
        if (!request.body)
            return false;
        request.body_size = strlen(request.body);
        request.is_direct = strncmp(request.url, "http:", 5) == 0;
    } else {
        const char *host = secure_getenv("GCE_METADATA_HOST");
        snprintf(url, sizeof url,
                 "http://%s/computeMetadata/v1/instance/service-accounts/default/token",
                 host && *host ? host : "metadata.google.internal");
        request.is_direct = true;
    }
    token->left = 1;
    token->status = 0;
    token->call = fl_web_begin(token->web, &request);
    return token->call;
}

static fl_broker_rc failed(fl_pubsub_token *token)
{
    const fl_broker_host *host = token->host;
    const char *from = token->key ? fl_pubsub_key_endpoint(token->key) : "the metadata server";
    if (token->status >= 400 && token->status < 500 && token->status != 429)
        return host->explain(host, FL_BROKER_REFUSED,
                             "no access token from %s (%s); check the service account and its key",
                             from, token->failure);
    return host->explain(host, FL_BROKER_LOST,
                         "no access token from %s (%s); set the option credentials of the URL "
                         "or GOOGLE_APPLICATION_CREDENTIALS if it is the wrong place",
                         from, token->failure);
}

fl_broker_rc fl_pubsub_token_header(fl_pubsub_token *token, int64_t timeout, const char **header)
{
    const fl_broker_host *host = token->host;
    int64_t now = host->now(host);
    *header = NULL;
    if (!token->is_needed)
        return FL_BROKER_OK;
    if (token->header && now >= token->expires)
        wipe(&token->header);
    if (now >= token->refresh_at && !token->call && !begin(token))
        return host->explain(host, FL_BROKER_LOST, "no memory for an access token; free some");
    if (!token->header && !fl_web_finish(token->web, &token->left, filch_now() + timeout))
        snprintf(token->failure, sizeof token->failure, "no answer in time");
    if (!token->header)
        return failed(token);
    *header = token->header;
    return FL_BROKER_OK;
}
