/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/otlp_export.h>

#include <filch/retry.h>
#include <filch/service_observe.h>
#include <filch/wait.h>
#include <runtime/platform/given.h>
#include <runtime/platform/own_thread.h>
#include <runtime/service/http/otlp_encode.h>
#include <runtime/service/net/http_client.h>
#include <runtime/service/secret.h>

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AUTHORITIES "OTEL_EXPORTER_OTLP_CERTIFICATE"
enum { AFTER_MOST = 60 * 60 }; /* seconds of Retry-After */

struct fl_post {
    CURL *curl;
    struct curl_slist *headers;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t discard(char *bytes, size_t size, size_t count, void *arg)
{
    (void)bytes, (void)arg;
    return size * count;
}

/* false: no memory. */
static bool add_header(fl_post *post, const char *header)
{
    struct curl_slist *longer = curl_slist_append(post->headers, header);
    post->headers = longer ? longer : post->headers;
    return longer;
}

static bool add_headers(fl_post *post, const char *authorization)
{
    char *header;
    if (!add_header(post, "Content-Type: application/json") || !add_header(post, "Expect:"))
        return false;
    if (!authorization)
        return true;
    if (asprintf(&header, "Authorization: %s", authorization) < 0)
        return false;
    bool good = add_header(post, header);
    free(header);
    return good;
}

static void set_options(fl_post *post, const char *url)
{
    curl_easy_setopt(post->curl, CURLOPT_URL, url);
    curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(post->curl, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(post->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(post->curl, CURLOPT_FOLLOWLOCATION, 0L);
    fl_curl_verify(post->curl, secure_getenv(AUTHORITIES));
    fl_curl_keep(post->curl);
    curl_easy_setopt(post->curl, CURLOPT_USERAGENT, "filch-service");
}

fl_post *fl_post_open(const char *url, const char *authorization)
{
    pthread_once(&once, begin_curl);
    fl_post *post = calloc(1, sizeof *post);
    if (!post)
        return NULL;
    post->curl = curl_easy_init();
    if (!post->curl || !add_headers(post, authorization)) {
        fl_post_close(post);
        return NULL;
    }
    set_options(post, url);
    return post;
}

void fl_post_close(fl_post *post)
{
    curl_easy_cleanup(post->curl);
    curl_slist_free_all(post->headers);
    free(post);
}

/* As the specification of OTLP/HTTP lists them. */
static fl_post_rc judge(long status)
{
    if (status >= 200 && status < 300)
        return FL_POST_ACCEPTED;
    return status == 429 || status == 502 || status == 503 || status == 504 ? FL_POST_LATER
                                                                            : FL_POST_REFUSED;
}

fl_post_result fl_post_send(fl_post *post, const char *text, int64_t timeout)
{
    fl_post_result result = {.rc = FL_POST_LATER};
    fl_certificate certificate;
    long status = 0;
    curl_off_t after = 0;
    int64_t ms = timeout / FILCH_MILLISECOND;
    curl_easy_setopt(post->curl, CURLOPT_TIMEOUT_MS, ms > 0 ? (long)ms : 1L);
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, text);
    CURLcode rc = curl_easy_perform(post->curl);
    if (rc) {
        snprintf(result.reason, sizeof result.reason, "%s",
                 fl_curl_failure(post->curl, rc, secure_getenv(AUTHORITIES), AUTHORITIES,
                                 &certificate));
        return result;
    }
    curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(post->curl, CURLINFO_RETRY_AFTER, &after);
    result.rc = judge(status);
    if (after > 0) /* a date may be over */
        result.after = (after < AFTER_MOST ? after : AFTER_MOST) * FILCH_SECOND;
    snprintf(result.reason, sizeof result.reason, "status %ld", status);
    return result;
}

/* ---- Exports ---- */

/* The exporter: a ring of spans, and a thread that sends them.
 *
 * Sinks append under the lock and never wait for anything else. The thread takes a batch when it is
 * full, when its first span has waited for `delay`, or when the exporter stops; it encodes and sends
 * without the lock. So the ring can be full only while the collector is slow or away, and then
 * sinks count what they drop. */

enum { QUEUE = 2048, QUEUE_MOST = 1000000, BATCH = 512, ATTEMPTS = 5 };
#define DELAY (5 * FILCH_SECOND)
#define TIMEOUT (10 * FILCH_SECOND)
#define PAUSE_MOST (30 * FILCH_SECOND)

struct filch_service_otlp {
    uint32_t life;                    /* runtime/platform/given.h */
    filch_service_otlp_config config; /* with the defaults filled in */
    char *url, *service_name;         /* url: the thread's from its start on, like the next one */
    fl_post *post;
    char *file, *authorization; /* NULL: none */
    bool is_stale;              /* the file could not be used, and that was logged */
    pthread_t thread;
    bool is_failing; /* the thread's: the last request failed, and that was logged */

    pthread_mutex_t lock;
    pthread_cond_t news; /* a first span, a full batch, the end */
    filch_span **ring;   /* of config.queue spans */
    unsigned first, count;
    int64_t due; /* of filch_now: of the first span's batch */
    bool ending;
    int64_t until; /* of the end */
    filch_service_otlp_stats stats;

    filch_span **batch; /* the thread's, like the next one */
    const filch_span_record **records;
};

/* ---- Sinks ---- */

void filch_service_otlp_sink(filch_span *span, void *arg)
{
    filch_service_otlp *otlp = arg;
    filch_service_otlp_config *config = &otlp->config;
    pthread_mutex_lock(&otlp->lock);
    otlp->stats.received++;
    bool fits = otlp->count < config->queue && !otlp->ending;
    otlp->stats.dropped += !fits;
    if (fits) {
        if (!otlp->count)
            otlp->due = filch_in(config->delay);
        otlp->ring[(otlp->first + otlp->count++) % config->queue] = filch_span_retain(span);
        if (otlp->count == 1 || otlp->count == config->batch)
            pthread_cond_signal(&otlp->news);
    }
    pthread_mutex_unlock(&otlp->lock);
}

/* ---- The thread ---- */

/* Waits under the lock until a signal or that time of filch_now. */
static void wait_until(filch_service_otlp *otlp, int64_t until)
{
    const struct timespec at = {until / FILCH_SECOND, until % FILCH_SECOND};
    if (until == FILCH_FOREVER)
        pthread_cond_wait(&otlp->news, &otlp->lock);
    else
        pthread_cond_timedwait(&otlp->news, &otlp->lock, &at);
}

/* Returns how many spans are in otlp->batch; 0: the end. */
static unsigned take_batch(filch_service_otlp *otlp)
{
    unsigned most = otlp->config.batch, count;
    pthread_mutex_lock(&otlp->lock);
    while (!otlp->ending && otlp->count < most && (!otlp->count || filch_now() < otlp->due))
        wait_until(otlp, otlp->count ? otlp->due : FILCH_FOREVER);
    count = otlp->count < most ? otlp->count : most;
    for (unsigned i = 0; i < count; i++)
        otlp->batch[i] = otlp->ring[(otlp->first + i) % otlp->config.queue];
    otlp->first = (otlp->first + count) % otlp->config.queue;
    otlp->count -= count;
    otlp->due = filch_in(otlp->config.delay);
    pthread_mutex_unlock(&otlp->lock);
    return count;
}

/* The time that a request has; 0 or less: none. */
static int64_t time_left(filch_service_otlp *otlp)
{
    pthread_mutex_lock(&otlp->lock);
    int64_t left = otlp->ending ? otlp->until - filch_now() : otlp->config.timeout;
    pthread_mutex_unlock(&otlp->lock);
    return left < otlp->config.timeout ? left : otlp->config.timeout;
}

/* Until the next attempt, or the end of all time. */
static void wait_for_retry(filch_service_otlp *otlp, int64_t delay)
{
    int64_t at = filch_in(delay);
    pthread_mutex_lock(&otlp->lock);
    while (filch_now() < at && !(otlp->ending && filch_now() >= otlp->until))
        wait_until(otlp, otlp->ending && otlp->until < at ? otlp->until : at);
    pthread_mutex_unlock(&otlp->lock);
}

/* A URL as it can be shown: behind its user and password. */
static const char *without_user(const char *url)
{
    const char *at = strrchr(url, '@');
    return at ? at + 1 : url;
}

static void note(filch_service_otlp *otlp, bool fails, const char *reason)
{
    if (fails != otlp->is_failing && otlp->config.log)
        FILCH_LOG(otlp->config.log, fails ? FILCH_LOG_WARN : FILCH_LOG_INFO,
                  fails ? "export of spans failed" : "spans are exported again",
                  filch_log_text("endpoint", without_user(otlp->url)),
                  filch_log_text("reason", reason));
    otlp->is_failing = fails;
}

static bool is_url(const char *endpoint)
{
    return strncmp(endpoint, "http://", 7) == 0 || strncmp(endpoint, "https://", 8) == 0;
}

/* With the path of spans behind it. The caller frees it; NULL: no memory. */
static char *url_of(const char *endpoint)
{
    char *url;
    size_t size = strlen(endpoint);
    while (size && endpoint[size - 1] == '/')
        size--;
    return asprintf(&url, "%.*s/v1/traces", (int)size, endpoint) < 0 ? NULL : url;
}

/* The first failure in a row is logged; the endpoint stays as it is. */
static bool keep_endpoint(filch_service_otlp *otlp, const char *why)
{
    if (!otlp->is_stale && otlp->config.log)
        FILCH_LOG(otlp->config.log, FILCH_LOG_WARN, "endpoint not reloaded",
                  filch_log_text("reason", why));
    otlp->is_stale = true;
    return false;
}

/* Takes another endpoint. true: it differs. */
static bool take_endpoint(filch_service_otlp *otlp, const char *endpoint)
{
    char *url = url_of(endpoint);
    bool differs = url && strcmp(url, otlp->url) != 0;
    fl_post *post = differs ? fl_post_open(url, otlp->authorization) : NULL;
    if (post) {
        char *before = otlp->url;
        fl_post_close(otlp->post);
        otlp->post = post;
        otlp->url = url;
        url = before;
    }
    fl_secret_free(url);
    return post;
}

/* Reads the endpoint again, since a password in it may have changed. true: it differs. */
static bool refresh(filch_service_otlp *otlp)
{
    char text[FL_SECRET_BYTES], why[128];
    if (!otlp->file)
        return false;
    if (fl_secret_read(otlp->file, text, why, sizeof why))
        return keep_endpoint(otlp, why);
    bool good = is_url(text), differs = good && take_endpoint(otlp, text);
    explicit_bzero(text, sizeof text);
    if (!good)
        return keep_endpoint(otlp, "it is not an http: or https: URL");
    otlp->is_stale = false;
    return differs;
}

/* true: the collector has the batch. */
static bool send_spans(filch_service_otlp *otlp, const char *text)
{
    const filch_retry_policy policy = {.base = otlp->config.pause,
                                       .cap = PAUSE_MOST,
                                       .jitter = FILCH_JITTER_EQUAL};
    filch_retry_state random;
    filch_retry_state_begin(&policy, &random);
    for (unsigned attempt = 1; attempt <= otlp->config.attempts; attempt++) {
        int64_t left = time_left(otlp);
        if (left <= 0)
            return false;
        fl_post_result result = fl_post_send(otlp->post, text, left);
        pthread_mutex_lock(&otlp->lock);
        otlp->stats.requests++;
        pthread_mutex_unlock(&otlp->lock);
        note(otlp, result.rc != FL_POST_ACCEPTED, result.reason);
        if (result.rc == FL_POST_ACCEPTED)
            return true;
        if (!refresh(otlp) && result.rc == FL_POST_REFUSED)
            return false;
        int64_t delay = filch_retry_delay(&policy, attempt, &random);
        if (attempt < otlp->config.attempts)
            wait_for_retry(otlp, result.after > delay ? result.after : delay);
    }
    return false;
}

static void export_batch(filch_service_otlp *otlp, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        otlp->records[i] = filch_span_read(otlp->batch[i]);
    char *text = fl_otlp_encode(otlp->service_name, otlp->records, count);
    bool good = text && send_spans(otlp, text);
    free(text);
    for (unsigned i = 0; i < count; i++)
        filch_span_release(otlp->batch[i]);
    pthread_mutex_lock(&otlp->lock);
    otlp->stats.exported += good ? count : 0;
    otlp->stats.failed += good ? 0 : count;
    pthread_mutex_unlock(&otlp->lock);
}

static void *export_all(void *arg)
{
    filch_service_otlp *otlp = arg;
    unsigned count;
    while ((count = take_batch(otlp)))
        export_batch(otlp, count);
    return NULL;
}

/* ---- Life ---- */

static int fill(filch_service_otlp_config *config)
{
    const filch_service_otlp_config given = *config;
    config->queue = given.queue ? given.queue : QUEUE;
    config->batch = given.batch ? given.batch : BATCH;
    if (!given.batch && config->batch > config->queue)
        config->batch = config->queue;
    config->delay = given.delay ? given.delay : DELAY;
    config->timeout = given.timeout ? given.timeout : TIMEOUT;
    config->attempts = given.attempts ? given.attempts : ATTEMPTS;
    config->pause = given.pause ? given.pause : FILCH_SECOND;
    if (config->queue > QUEUE_MOST || config->batch > config->queue)
        return filch_error_set(-EINVAL,
                               "queue %u or batch %u is out of range (queue 1..%d, batch 1..queue)",
                               config->queue, config->batch, QUEUE_MOST);
    if (config->delay < 0 || config->timeout < 0 || config->pause < 0)
        return filch_error_set(-EINVAL,
                               "delay %" PRId64 " ns, timeout %" PRId64 " ns or pause %" PRId64
                               " ns is out of range (0 or more)",
                               config->delay, config->timeout, config->pause);
    return 0;
}

/* A field of the configuration, else a variable of the environment, else the default. */
static const char *choose(const char *given, const char *variable, const char *otherwise)
{
    const char *set = secure_getenv(variable);
    if (given && *given)
        return given;
    return set && *set ? set : otherwise;
}

static int make_texts(filch_service_otlp *otlp)
{
    const filch_service_otlp_config *config = &otlp->config;
    const char *endpoint =
        choose(config->endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
    if (!is_url(endpoint))
        return filch_error_set(-EINVAL,
                               "endpoint '%s' is not the URL of a collector (valid: "
                               "http://HOST:PORT or https://HOST:PORT)",
                               without_user(endpoint));
    otlp->url = url_of(endpoint);
    otlp->service_name =
        strdup(choose(config->service_name, "OTEL_SERVICE_NAME", "unknown_service"));
    otlp->file = config->endpoint_file ? strdup(config->endpoint_file) : NULL;
    otlp->authorization = config->authorization ? strdup(config->authorization) : NULL;
    bool good = otlp->url && otlp->service_name && !otlp->file == !config->endpoint_file &&
                !otlp->authorization == !config->authorization;
    return good ? 0 : -ENOMEM;
}

static int make_parts(filch_service_otlp *otlp)
{
    int rc = fill(&otlp->config);
    rc = rc ? rc : make_texts(otlp);
    if (rc)
        return rc;
    otlp->ring = calloc(otlp->config.queue, sizeof(*otlp->ring));
    otlp->batch = calloc(otlp->config.batch, sizeof(*otlp->batch));
    otlp->records = calloc(otlp->config.batch, sizeof(*otlp->records));
    otlp->post = fl_post_open(otlp->url, otlp->authorization);
    return otlp->ring && otlp->batch && otlp->records && otlp->post ? 0 : -ENOMEM;
}

static void free_parts(filch_service_otlp *otlp)
{
    if (otlp->post)
        fl_post_close(otlp->post);
    free(otlp->ring);
    free(otlp->batch);
    free((void *)otlp->records);
    fl_secret_free(otlp->url);
    fl_secret_free(otlp->authorization);
    free(otlp->file);
    free(otlp->service_name);
    free(otlp);
}

static int start_thread(filch_service_otlp *otlp)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&otlp->lock, NULL);
    pthread_cond_init(&otlp->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = fl_own_thread_start(&otlp->thread, export_all, otlp);
    return !rc ? 0
               : filch_error_set(-EAGAIN,
                                 "no thread for the export of spans: %s; raise the limit "
                                 "of threads",
                                 strerror(rc));
}

int filch_service_otlp_start(filch_service_otlp **out, const filch_service_otlp_config *config)
{
    FL_GIVEN(out);
    filch_service_otlp *otlp = calloc(1, sizeof *otlp);
    if (!otlp)
        return filch_error_set(-ENOMEM, "no memory for the export of spans; free some");
    if (config) {
        size_t size = config->size ? config->size : sizeof *config;
        memcpy(&otlp->config, config, size < sizeof *config ? size : sizeof *config);
    }
    int rc = make_parts(otlp);
    if (rc == -ENOMEM)
        filch_error_set(rc, "no memory for the export of spans; free some, or shorten its queue");
    rc = rc ? rc : start_thread(otlp);
    if (rc)
        free_parts(otlp);
    else
        fl_life_begin(&otlp->life);
    *out = otlp;
    return rc;
}

int filch_service_otlp_stop(filch_service_otlp *otlp, int64_t until)
{
    FL_MAY_LIVE(otlp);
    if (!otlp)
        return 0;
    fl_life_end(&otlp->life);
    pthread_mutex_lock(&otlp->lock);
    otlp->ending = true;
    otlp->until = until;
    uint64_t before = otlp->stats.failed;
    pthread_cond_signal(&otlp->news);
    pthread_mutex_unlock(&otlp->lock);
    pthread_join(otlp->thread, NULL);
    bool all_sent = otlp->stats.failed == before;
    pthread_cond_destroy(&otlp->news);
    pthread_mutex_destroy(&otlp->lock);
    free_parts(otlp);
    return all_sent ? 0 : filch_error_set(-ETIMEDOUT, "some spans could not be sent in time");
}

/* ---- Queries ---- */

void filch_service_otlp_stats_read(const filch_service_otlp *otlp, filch_service_otlp_stats *out,
                                   size_t size)
{
    FL_MUST_LIVE(otlp);
    FL_MUST_GIVE(out);
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&otlp->lock;
    pthread_mutex_lock(lock);
    filch_service_otlp_stats stats = otlp->stats;
    pthread_mutex_unlock(lock);
    memset(out, 0, size);
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
}
