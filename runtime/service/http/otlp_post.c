/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/otlp_post.h>

#include <runtime/service/curl_verify.h>

#include <filch/wait.h>

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

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
