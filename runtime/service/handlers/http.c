/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler `http`: POSTs the body of each job to one URL. libcurl blocks, so it runs on a thread
 * for blocking calls. Its handles keep their connections, and wait in a list for the next job. */
#include <runtime/service/handlers/handlers.h>
#include <runtime/service/net/certificate.h>
#include <runtime/service/net/http_client.h>

#include <filch/service.h>

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 96, WAIT_MOST = 24 * 60 * 60 }; /* bytes of a response; seconds of Retry-After */

typedef struct idle {
    struct idle *next;
    CURL *curl;
} idle;

typedef struct target {
    const char *url;
    size_t output_most;
    bool has_result; /* the response */
    pthread_mutex_t lock;
    idle *first;
} target;

typedef struct post {
    const target *to;
    filch_service_job *job;
    filch_context *context;
    struct curl_slist *headers;
    bool failed; /* memory was short for the headers */
    size_t received;
    char shown[SHOWN]; /* the response's beginning */
    char *result;      /* FILCH_SERVICE_RECORD_MOST bytes of it; NULL: not wanted */
} post;

/* ---- Handles ---- */

static idle *take(target *to)
{
    pthread_mutex_lock(&to->lock);
    idle *one = to->first;
    if (one)
        to->first = one->next;
    pthread_mutex_unlock(&to->lock);
    if (one)
        return one;
    one = malloc(sizeof *one);
    CURL *curl = one ? curl_easy_init() : NULL;
    if (!curl) {
        free(one);
        return NULL;
    }
    one->curl = curl;
    return one;
}

static void give_back(target *to, idle *one)
{
    curl_easy_reset(one->curl); /* keeps its connections */
    pthread_mutex_lock(&to->lock);
    one->next = to->first;
    to->first = one;
    pthread_mutex_unlock(&to->lock);
}

/* ---- The request ---- */

static void add_line(post *one, const char *line)
{
    struct curl_slist *longer = curl_slist_append(one->headers, line);
    one->failed = one->failed || !longer;
    one->headers = longer ? longer : one->headers;
}

static bool is_printable(const char *text)
{
    while ((unsigned char)*text >= ' ' && *text != 0x7f)
        text++;
    return !*text;
}

/* A value with control characters could add lines of its own: it is left out. */
static void add_header(post *one, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + sizeof ": ";
    char *line = is_printable(value) ? malloc(size) : NULL;
    if (line) {
        snprintf(line, size, "%s: %s", name, value);
        add_line(one, line);
        free(line);
    } else {
        one->failed = one->failed || is_printable(value);
    }
}

/* "FILCH_JOB_ID=1" becomes "FILCH-JOB-ID: 1". */
static void add_fact(post *one, char *fact)
{
    char *equals = strchr(fact, '=');
    *equals = '\0';
    for (char *at = fact; *at; at++)
        *at = *at == '_' ? '-' : *at;
    add_header(one, fact, equals + 1);
}

static void add_headers(post *one)
{
    const filch_message *message = filch_service_job_message(one->job);
    const char *type = message->content_type;
    char **facts = fl_facts_make(one->job, NULL);
    one->failed = !facts;
    for (size_t i = 0; facts && facts[i]; i++)
        add_fact(one, facts[i]);
    free(facts);
    add_header(one, "Content-Type", type && *type ? type : "application/octet-stream");
    if (message->id)
        add_header(one, "Idempotency-Key", message->id);
    if (message->tracestate)
        add_header(one, "tracestate", message->tracestate);
    add_line(one, "Expect:"); /* no wait for "100 Continue" */
}

/* Appends to `used` bytes as much as has room. */
static void keep(char *to, size_t most, size_t used, const char *data, size_t size)
{
    size_t room = used < most ? most - used : 0;
    if (room)
        memcpy(to + used, data, size < room ? size : room);
}

static size_t on_data(char *data, size_t one_byte, size_t size, void *arg)
{
    post *one = arg;
    (void)one_byte;
    keep(one->shown, SHOWN, one->received, data, size);
    if (one->result)
        keep(one->result, FILCH_SERVICE_RECORD_MOST, one->received, data, size);
    one->received += size;
    return one->received <= one->to->output_most ? size : 0; /* 0: no more of it */
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const post *one = arg;
    (void)a, (void)b, (void)c, (void)d;
    return filch_context_cause(one->context) != 0;
}

static void prepare(CURL *curl, post *one)
{
    const filch_message *message = filch_service_job_message(one->job);
    int64_t left_ms = fl_facts_deadline_ms(one->job);
    curl_easy_setopt(curl, CURLOPT_URL, one->to->url);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, message->body_size ? message->body : "");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message->body_size);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, one->headers);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, one);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, one);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (left_ms >= 0)
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms + 1); /* 0 would be none */
    fl_curl_verify(curl, NULL);
    fl_curl_keep(curl);
    fl_curl_allow_schemes(curl);
}

/* ---- The answer ---- */

static bool comes_again(long status)
{
    return status == 408 || status == 429 || status >= 500;
}

/* Of a job that is done. */
static int set_result(const post *one)
{
    if (!one->result)
        return 0;
    if (one->received > one->to->output_most)
        return filch_error_set(-EMSGSIZE,
                               "a response of more than %zu bytes is too large for a result; raise "
                               "output-most",
                               one->to->output_most);
    return fl_handler_cut(filch_service_job_result(one->job, one->result, one->received));
}

static int judge(const post *one, CURL *curl)
{
    char text[SHOWN];
    long status = 0;
    curl_off_t seconds = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
    if (status >= 200 && status < 300)
        return set_result(one);
    fl_escape(text, sizeof text, one->shown, one->received < SHOWN ? one->received : SHOWN);
    if (!comes_again(status))
        return filch_service_job_fail(one->job, "HTTP %ld%s: %s", status,
                                      status < 400 ? " (redirects are not followed)" : "", text);
    seconds = status != 429 && status != 503 ? 0 : seconds < WAIT_MOST ? seconds : WAIT_MOST;
    return filch_service_job_retry(one->job, seconds * FILCH_SECOND, "HTTP %ld: %s", status, text);
}

static int perform(post *one, CURL *curl)
{
    fl_certificate certificate;
    CURLcode code = curl_easy_perform(curl);
    bool is_cut = code == CURLE_WRITE_ERROR && one->received > one->to->output_most;
    if (!code || is_cut)
        return judge(one, curl);
    int cause = code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : filch_context_cause(one->context);
    if (cause)
        return filch_error_set(fl_handler_cut(cause), "request ended before it was answered");
    return filch_service_job_retry(one->job, 0, "no answer: %s",
                                   fl_curl_failure(curl, code, NULL, "SSL_CERT_FILE",
                                                   &certificate));
}

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    (void)self;
    target *to = arg;
    post one = {.to = to, .job = job, .context = filch_service_job_context(job)};
    idle *handle = take(to);
    int rc = -ENOMEM;
    if (to->has_result)
        one.result = malloc(FILCH_SERVICE_RECORD_MOST);
    if (handle) {
        add_headers(&one);
        one.failed |= to->has_result && !one.result;
        prepare(handle->curl, &one);
        rc = one.failed ? -ENOMEM : perform(&one, handle->curl);
        give_back(to, handle);
    }
    curl_slist_free_all(one.headers);
    free(one.result);
    return rc == -ENOMEM ? filch_service_job_retry(job, 0, "no memory for a request") : rc;
}

/* ---- The kind ---- */

static void prepare_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Only the scheme goes into the message: the rest may hold a password. */
static int check_url(const char *url)
{
    char *scheme = NULL;
    CURLU *parts = curl_url();
    bool is_valid = parts && !curl_url_set(parts, CURLUPART_URL, url, 0) &&
                    !curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) &&
                    (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
    curl_free(scheme);
    curl_url_cleanup(parts);
    size_t length = strcspn(url, ":");
    return is_valid ? 0
                    : filch_error_set(-EINVAL,
                                      "http: no URL, or an unknown scheme '%.*s' (valid: "
                                      "http, https)",
                                      length < 16 ? (int)length : 16, url);
}

static int make(filch_handler *handler, const fl_handler_spec *spec)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_curl);
    if (!spec->words || !spec->words[0])
        return filch_error_set(-EINVAL, "http lacks its URL (words: a URL)");
    int rc = check_url(spec->words[0]);
    if (rc)
        return rc;
    target *to = calloc(1, sizeof *to);
    if (!to)
        return filch_error_set(-ENOMEM, "no memory for handler 'http'");
    to->url = spec->words[0];
    to->has_result = spec->result;
    to->output_most = spec->output_most ? spec->output_most : FL_HANDLER_OUTPUT;
    pthread_mutex_init(&to->lock, NULL);
    handler->fn = handle;
    handler->arg = to;
    handler->thread = true;
    return 0;
}

static void unmake(filch_handler *handler)
{
    target *to = handler->arg;
    for (idle *one; (one = to->first);) {
        to->first = one->next;
        curl_easy_cleanup(one->curl);
        free(one);
    }
    pthread_mutex_destroy(&to->lock);
    free(to);
}

static const char *const settings[] = {"output-most", "result", NULL};

const fl_handler_kind fl_handler_http = {
    .name = "http", .words = "URL", .settings = settings, .make = make, .unmake = unmake};
