/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs curl
 *
 * The handler `http`, against a server that answers as the test says. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <tests/service/handlers.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { REQUEST = 16 << 10 };

/* One connection after another, one request on each. */
typedef struct server {
    int listener;
    pthread_t thread;
    pthread_mutex_t lock; /* held by the thread while it has a guest */
    char url[64];
    const char *answer; /* NULL: none, and the connection stays open */
    size_t more;        /* bytes behind it */
    signpost requests;
    char request[REQUEST]; /* the last one, as far as there is room */
} server;

static char *body_of(char *request)
{
    char *end = strstr(request, "\r\n\r\n");
    return end ? end + 4 : NULL;
}

static void read_request(server *one, int guest)
{
    size_t used = 0, length = 0;
    const char *body = NULL;
    while (!body || strlen(body) < length) {
        ssize_t n = recv(guest, one->request + used, REQUEST - 1 - used, 0);
        if (n <= 0)
            return;
        used += (size_t)n;
        one->request[used] = '\0';
        body = body_of(one->request);
        const char *field = strcasestr(one->request, "\r\nContent-Length:");
        if (field)
            sscanf(field + 17, "%zu", &length);
    }
}

static void serve_guest(server *one, int guest)
{
    static const char filler[4096];
    char end;
    read_request(one, guest);
    signpost_raise(&one->requests);
    if (!one->answer) {
        recv(guest, &end, 1, 0); /* until the client gives up */
        return;
    }
    send(guest, one->answer, strlen(one->answer), MSG_NOSIGNAL);
    for (size_t left = one->more; left;) {
        ssize_t n = send(guest, filler, left < sizeof filler ? left : sizeof filler, MSG_NOSIGNAL);
        left = n > 0 ? left - (size_t)n : 0;
    }
}

static void *serve_guests(void *arg)
{
    server *one = arg;
    for (int guest; (guest = accept(one->listener, NULL, NULL)) >= 0;) {
        pthread_mutex_lock(&one->lock);
        serve_guest(one, guest);
        close(guest);
        pthread_mutex_unlock(&one->lock);
    }
    return NULL;
}

static void server_begin(server *one)
{
    int port;
    setenv("no_proxy", "*", 1);
    pthread_mutex_init(&one->lock, NULL);
    one->listener = port_listen(8, &port);
    snprintf(one->url, sizeof one->url, "http://127.0.0.1:%d/jobs", port);
    cr_assert_eq(pthread_create(&one->thread, NULL, serve_guests, one), 0);
}

/* From the next request on. */
static void answer_with(server *one, const char *answer, size_t more)
{
    pthread_mutex_lock(&one->lock);
    one->answer = answer;
    one->more = more;
    pthread_mutex_unlock(&one->lock);
}

static void server_end(server *one)
{
    shutdown(one->listener, SHUT_RDWR);
    pthread_join(one->thread, NULL);
    close(one->listener);
}

static void begin(handled *one, server *to)
{
    static const char *words[2];
    server_begin(to);
    words[0] = to->url;
    handled_begin(one, "http", (fl_handler_spec){.words = words, .output_most = 10000});
}

static void end(handled *one, server *to)
{
    handled_end(one);
    server_end(to);
}

#define ANSWER(status, fields, body)                                                               \
    "HTTP/1.1 " status "\r\nConnection: close\r\n" fields "\r\n" body

Test(handler_http, a_status_decides)
{
    static const struct {
        const char *answer, *reason;
        filch_service_outcome outcome;
    } rows[] = {{ANSWER("200 OK", "", "fine"), "", FILCH_SERVICE_DONE},
                {ANSWER("204 No Content", "", ""), "", FILCH_SERVICE_DONE},
                {ANSWER("302 Found", "Location: http://127.0.0.1:1/\r\n", ""),
                 "HTTP 302 (redirects are not followed)", FILCH_SERVICE_DEAD},
                {ANSWER("400 Bad", "", "no\r\nX: y"), "HTTP 400: no\\r\\nX: y", FILCH_SERVICE_DEAD},
                {ANSWER("408 Timeout", "", ""), "HTTP 408", FILCH_SERVICE_RETRIED},
                {ANSWER("429 Many", "", ""), "HTTP 429", FILCH_SERVICE_RETRIED},
                {ANSWER("500 Error", "", "oops"), "HTTP 500: oops", FILCH_SERVICE_RETRIED},
                {ANSWER("503 Busy", "", ""), "HTTP 503", FILCH_SERVICE_RETRIED},
                {"garbage\r\n\r\n", "no answer: ", FILCH_SERVICE_RETRIED},
                {"", "no answer: ", FILCH_SERVICE_RETRIED}};
    server to = {0};
    handled one = {0};
    begin(&one, &to);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer_with(&to, rows[i].answer, 0);
        handled_expect(&one, "word", rows[i].outcome, rows[i].reason);
    }
    end(&one, &to);
}

Test(handler_http, job_without_id_has_no_key)
{
    server to = {.answer = ANSWER("200 OK", "", "")};
    handled one = {0};
    begin(&one, &to);
    handled_run_foreign(&one, "word");
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    cr_assert(strcasestr(to.request, "FILCH-JOB-TYPE: job"), "%s", to.request);
    cr_assert(!strcasestr(to.request, "FILCH-JOB-ID") && !strcasestr(to.request, "Idempotency"),
              "%s", to.request);
    end(&one, &to);
}

Test(handler_http, retry_after_header_schedules_retry)
{
    server to = {.answer = ANSWER("503 Busy", "Retry-After: 7\r\n", "")};
    handled one = {0};
    begin(&one, &to);
    handled_expect(&one, "word", FILCH_SERVICE_RETRIED, "HTTP 503");
    pass(7 * FILCH_SECOND - 1);
    cr_assert_eq(run_ready(one.service), 0);
    pass(1);
    cr_assert_eq(run_ready(one.service), 1);
    end(&one, &to);
}

static bool has_line(const server *to, const char *line)
{
    char whole[128];
    snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
    return strcasestr(to->request, whole);
}

Test(handler_http, request_has_body_and_facts)
{
    static const filch_header headers[] = {{"Tenant", "7"},
                                           {"evil", "1\r\nX-Evil: 2"},
                                           {"a b", "x"}};
    server to = {.answer = ANSWER("200 OK", "", "")};
    handled one = {0};
    begin(&one, &to);
    handled_run(&one, (filch_message){.id = "17",
                                      .body = "{}",
                                      .body_size = 2,
                                      .content_type = "application/json",
                                      .headers = headers,
                                      .header_count = 3});
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    pthread_mutex_lock(&to.lock);
    cr_assert(strncmp(to.request, "POST /jobs HTTP/1.1\r\n", 21) == 0, "%s", to.request);
    cr_assert_str_eq(body_of(to.request), "{}");
    cr_assert(has_line(&to, "Content-Type: application/json"));
    cr_assert(has_line(&to, "Idempotency-Key: 17"));
    cr_assert(has_line(&to, "Filch-Job-Id: 17"));
    cr_assert(has_line(&to, "Filch-Job-Attempt: 1"));
    cr_assert(has_line(&to, "Filch-Header-Tenant: 7"));
    cr_assert(strcasestr(to.request, "\r\ntraceparent: 00-"));
    cr_assert(!strcasestr(to.request, "evil"));
    cr_assert(!strcasestr(to.request, "Expect"));
    pthread_mutex_unlock(&to.lock);
    end(&one, &to);
}

Test(handler_http, endless_response_is_cut_off)
{
    server to = {.answer = ANSWER("200 OK", "", ""), .more = 1 << 30};
    handled one = {0};
    begin(&one, &to);
    handled_expect(&one, "word", FILCH_SERVICE_DONE, "");
    end(&one, &to);
}

Test(handler_http, a_request_ends_at_the_deadline)
{
    server to = {0};
    handled one = {.handler.timeout = 50 * FILCH_MILLISECOND};
    begin(&one, &to);
    handled_expect(&one, "word", FILCH_SERVICE_RETRIED, "before it was answered");
    end(&one, &to);
}

Test(handler_http, a_cancelled_request_ends)
{
    server to = {0};
    handled one = {0};
    serving running;
    begin(&one, &to);
    publish(one.service, "job", "word");
    serving_begin(&running, one.service);
    signpost_wait(&to.requests, 1);
    handled_cancel(&running);
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_GIVEN_BACK]), 1, "%s", one.reason);
    end(&one, &to);
}

Test(handler_http, silent_server_is_detected_in_time)
{
    server to = {0};
    handled one = {0};
    serving running;
    begin(&one, &to);
    publish(one.service, "job", "word");
    serving_begin(&running, one.service);
    signpost_wait(&to.requests, 1);
    connections_find_silence(atoi(strrchr(to.url, ':') + 1));
    handled_cancel(&running);
    end(&one, &to);
}

Test(handler_http, an_unreachable_server_is_tried_again)
{
    server to = {0};
    handled one = {0};
    begin(&one, &to);
    server_end(&to);
    handled_expect(&one, "word", FILCH_SERVICE_RETRIED, "no answer: ");
    handled_end(&one);
}

Test(handler_http, a_wrong_configuration_is_refused)
{
    static const char *const urls[] = {
        "ftp://host/", "file:///etc/passwd", "gopher://host/", "host", "", "http://"};
    handled_refuses("http", NULL, "lacks its URL");
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++)
        handled_refuses("http", (const char *const[]){urls[i], NULL}, "valid: http, https");
    handled_refuses("http", (const char *const[]){"ftp://user:secret@host/", NULL}, "'ftp'");
    cr_assert(!strstr(filch_error(), "secret"));
}

/* ---- Results ---- */

Test(handler_http, response_becomes_result_on_request)
{
    static const char *words[2];
    handled one = {0};
    server to = {.answer = ANSWER("200 OK", "", "thumb-7.png")};
    server_begin(&to);
    words[0] = to.url;
    handled_begin(&one, "http",
                  (fl_handler_spec){.words = words, .output_most = 10000, .result = true});
    handled_results(&one, "", "thumb-7.png");
    answer_with(&to, ANSWER("204 No Content", "", ""), 0);
    handled_results(&one, "", "");
    answer_with(&to, ANSWER("200 OK", "", ""), 20000);
    handled_expect(&one, "", FILCH_SERVICE_DEAD,
                   "a response of more than 10000 bytes is too large for a result");
    end(&one, &to);
}
