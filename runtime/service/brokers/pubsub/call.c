/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/pubsub.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/token.h>
#include <runtime/service/net/http_client.h>

#include <filch/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MOST = 512 << 20, /* of 1,000 messages; a longer one would come again and again */
    UNAUTHENTICATED = 401,
    NOT_FOUND = 404,
    REQUEST_TIMEOUT = 408,
    TOO_MANY = 429,
    SERVER_ERROR = 500
};

/* ---- Sending ---- */

fl_broker_rc fl_pubsub_begin(fl_pubsub *p, const char *method, const char *path, json_t *body,
                             int64_t timeout, int64_t patience,
                             void (*done)(void *arg, const fl_web_answer *answer), void *arg,
                             fl_web_call **out)
{
    char url[2 * FL_PUBSUB_NAME];
    const char *headers[] = {"Content-Type: application/json", NULL, NULL};
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    bool is_short = body && !text;
    json_decref(body);
    fl_broker_rc rc = fl_pubsub_token_header(p->token, patience, &headers[1]);
    if (rc) {
        free(text);
        return rc;
    }
    snprintf(url, sizeof url, "%s/v1/%s", p->options.endpoint, path);
    const fl_web_request request = {.method = method,
                                    .url = url,
                                    .headers = headers,
                                    .body = text,
                                    .body_size = text ? strlen(text) : 0,
                                    .timeout = timeout,
                                    .answer_most = ANSWER_MOST,
                                    .is_direct = strncmp(url, "http:", 5) == 0,
                                    .done = done,
                                    .arg = arg};
    *out = is_short ? NULL : fl_web_begin(p->web, &request);
    if (*out)
        return FL_BROKER_OK;
    return p->base.host->explain(p->base.host, FL_BROKER_LOST,
                                 "no memory for a request; free some");
}

/* ---- Failures ---- */

static fl_broker_rc result_of(const fl_web_answer *answer)
{
    long status = answer->status;
    if (answer->failure)
        return answer->is_distrusted ? FL_BROKER_REFUSED : FL_BROKER_LOST;
    if (status >= 200 && status < 300)
        return FL_BROKER_OK;
    if (status == TOO_MANY || status == REQUEST_TIMEOUT || status >= SERVER_ERROR)
        return FL_BROKER_BUSY;
    return FL_BROKER_REFUSED;
}

static const char *remedy_of(long status)
{
    static const struct {
        long status;
        const char *text;
    } remedies[] = {
        {UNAUTHENTICATED, "; check the service account and its key"},
        {403, "; give the service account the role pubsub.editor, or create the queues and add "
              "create=no"},
        {NOT_FOUND, "; a new connection creates what is missing, unless the URL has create=no"},
    };
    for (unsigned i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].status == status)
            return remedies[i].text;
    return "";
}

/* "cannot pull from projects/...: status 404, Resource not found; ..." */
static void describe(const fl_pubsub *p, const fl_web_answer *answer, const char *doing, char *text,
                     size_t size)
{
    json_t *root = json_loadb(answer->body, answer->body_size, 0, NULL);
    const char *why = json_string_value(json_object_get(json_object_get(root, "error"), "message"));
    if (answer->failure)
        snprintf(text, size, "cannot %s %s (%s)", doing, p->options.endpoint, answer->failure);
    else
        snprintf(text, size, "cannot %s %s (status %ld%s%.100s)%s", doing, p->options.endpoint,
                 answer->status, why ? ", " : "", why ? why : "", remedy_of(answer->status));
    json_decref(root);
}

fl_broker_rc fl_pubsub_judge(fl_pubsub *p, const fl_web_answer *answer, const char *doing)
{
    char text[FL_PUBSUB_FAILURE];
    fl_broker_rc rc = result_of(answer);
    if (!rc)
        return rc;
    describe(p, answer, doing, text, sizeof text);
    return p->base.host->explain(p->base.host, rc, "%s", text);
}

/* The first token that is refused is no failure: the next request gets a new one. */
static bool is_forgiven(fl_pubsub *p, const fl_web_answer *answer)
{
    if (answer->failure || answer->status != UNAUTHENTICATED) {
        p->refusals = 0;
        return false;
    }
    p->refusals += fl_pubsub_token_forget(p->token);
    return p->refusals <= 1;
}

fl_broker_rc fl_pubsub_note(fl_pubsub *p, const fl_web_answer *answer, const char *doing)
{
    fl_broker_rc rc = is_forgiven(p, answer) ? FL_BROKER_BUSY : result_of(answer);
    if (rc == FL_BROKER_LOST || rc == FL_BROKER_REFUSED) {
        p->failed = rc;
        describe(p, answer, doing, p->failure, sizeof p->failure);
    }
    return rc;
}

fl_broker_rc fl_pubsub_noted(fl_pubsub *p)
{
    return p->failed ? p->base.host->explain(p->base.host, p->failed, "%s", p->failure)
                     : FL_BROKER_OK;
}

/* ---- Requests that are waited for ---- */

typedef struct waiting {
    fl_pubsub *p;
    fl_pubsub_reply *reply;
    const char *doing;
    long allowed;
    fl_broker_rc rc;
    bool again;
    unsigned left;
} waiting;

static void on_reply(void *arg, const fl_web_answer *answer)
{
    waiting *w = arg;
    w->left = 0;
    w->again = is_forgiven(w->p, answer);
    w->reply->status = answer->status;
    w->reply->json = json_loadb(answer->body, answer->body_size, JSON_ALLOW_NUL, NULL);
    w->rc = FL_BROKER_OK;
    if (answer->failure || answer->status != w->allowed)
        w->rc = fl_pubsub_judge(w->p, answer, w->doing);
}

static fl_broker_rc ask_once(waiting *w, const char *method, const char *path, json_t *body)
{
    fl_pubsub *p = w->p;
    w->left = 1;
    w->again = false;
    *w->reply = (fl_pubsub_reply){0};
    fl_web_call *call;
    fl_broker_rc rc = fl_pubsub_begin(p, method, path, body, p->config.call_timeout,
                                      p->config.call_timeout, on_reply, w, &call);
    if (rc)
        return rc;
    /* a little longer than the request's own time */
    if (fl_web_finish(p->web, &w->left, filch_now() + p->config.call_timeout + FILCH_SECOND))
        return w->rc;
    fl_web_cancel(call);
    return p->base.host->explain(p->base.host, FL_BROKER_LOST, "cannot %s %s (no answer)", w->doing,
                                 p->options.endpoint);
}

fl_broker_rc fl_pubsub_ask(fl_pubsub *p, const char *method, const char *path, json_t *body,
                           long allowed, fl_pubsub_reply *reply, const char *doing)
{
    waiting w = {.p = p, .reply = reply, .doing = doing, .allowed = allowed};
    fl_broker_rc rc = ask_once(&w, method, path, json_incref(body));
    if (w.again) {
        json_decref(reply->json);
        rc = ask_once(&w, method, path, json_incref(body));
    }
    json_decref(body);
    return rc;
}

/* ---- Requests that are not ---- */

static void on_told(void *arg, const fl_web_answer *answer)
{
    fl_pubsub *p = arg;
    p->told--;
    fl_pubsub_note(p, answer, "set deadlines at");
}

void fl_pubsub_tell(fl_pubsub *p, const char *path, json_t *body)
{
    fl_web_call *call;
    if (!fl_pubsub_begin(p, NULL, path, body, p->config.call_timeout, 0, on_told, p, &call))
        p->told++;
}

void fl_pubsub_finish_tells(fl_pubsub *p)
{
    fl_web_finish(p->web, &p->told, filch_now() + p->config.call_timeout + FILCH_SECOND);
}
