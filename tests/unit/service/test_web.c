/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs curl
 *
 * HTTP requests of a broker's thread: side by side, with limits of time and size. The server is a thread that
 * answers once, or a port that only listens. */
#include <filch/timer.h>
#include <filch/wait.h>
#include <poll.h>
#include <pthread.h>
#include <runtime/service/net/http_client.h>
#include <tests/support/http.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

/* ---- A server that answers one request ---- */

typedef struct server {
    int listener;
    int port;
    const char *answer;
    char *request;
    pthread_t thread;
} server;

static void *serve(void *arg)
{
    server *s = arg;
    s->request = http_serve_one(s->listener, s->answer);
    return NULL;
}

/* answer: NULL for a port that only listens. */
static void serve_once(server *s, const char *answer)
{
    s->answer = answer;
    s->listener = port_listen(8, &s->port);
    if (answer)
        cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void end_server(server *s)
{
    free(s->request);
    close(s->listener);
}

/* ---- A client ---- */

typedef struct client {
    fl_web *web;
    unsigned left;
    fl_web_answer answer; /* without its texts */
    char body[64], failure[64];
    char url[64];
} client;

static void on_done(void *arg, const fl_web_answer *answer)
{
    client *c = arg;
    c->left--;
    c->answer = *answer;
    snprintf(c->body, sizeof c->body, "%s", answer->body);
    snprintf(c->failure, sizeof c->failure, "%s", answer->failure ? answer->failure : "");
}

static fl_web_call *begin(client *c, const server *s, fl_web_request request)
{
    snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d/path", s->port);
    request.url = c->url;
    request.timeout = request.timeout ? request.timeout : 60 * FILCH_SECOND;
    request.is_direct = true;
    request.done = on_done;
    request.arg = c;
    c->left++;
    if (!c->web)
        c->web = fl_web_create(NULL);
    cr_assert_not_null(c->web);
    return fl_web_begin(c->web, &request);
}

static void finish(client *c)
{
    cr_assert(fl_web_finish(c->web, &c->left, FILCH_FOREVER));
    fl_web_destroy(c->web);
}

static void finish_with(client *c, server *s)
{
    finish(c);
    pthread_join(s->thread, NULL);
}

Test(web, request_sends_headers_body_reports_answer)
{
    const char *const headers[] = {"X-One: 1", "Content-Type: text/x", NULL};
    server s = {0};
    client c = {0};
    serve_once(&s, "HTTP/1.1 503 busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nwait");
    cr_assert_not_null(begin(&c, &s,
                             (fl_web_request){.headers = headers,
                                              .body = strdup("a body"),
                                              .body_size = 6,
                                              .answer_most = 4}));
    finish_with(&c, &s);
    cr_assert(strncmp(s.request, "POST /path HTTP/1.1\r\n", 21) == 0, "%s", s.request);
    cr_assert(strstr(s.request, "X-One: 1\r\n") && strstr(s.request, "Content-Type: text/x\r\n"));
    cr_assert_str_eq(strstr(s.request, "\r\n\r\n") + 4, "a body");
    end_server(&s);
    cr_assert_eq(c.answer.status, 503);
    cr_assert_eq(c.answer.retry_after, 7 * FILCH_SECOND);
    cr_assert_str_eq(c.body, "wait");
    cr_assert_eq(c.answer.body_size, 4);
    cr_assert_not(c.answer.is_cut);
}

Test(web, oversized_body_is_not_kept)
{
    server s = {0};
    client c = {0};
    serve_once(&s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwait");
    cr_assert_not_null(begin(&c, &s, (fl_web_request){.answer_most = 3}));
    finish_with(&c, &s);
    end_server(&s);
    cr_assert_eq(c.answer.status, 200);
    cr_assert(c.answer.is_cut);
    cr_assert_eq(c.answer.body_size, 0);
    cr_assert_str_eq(c.body, "");
}

Test(web, unanswering_server_times_out)
{
    server s = {0};
    client c = {0};
    serve_once(&s, NULL);
    cr_assert_not_null(
        begin(&c, &s, (fl_web_request){.timeout = 50 * FILCH_MILLISECOND, .answer_most = 9}));
    finish(&c);
    end_server(&s);
    cr_assert_eq(c.answer.status, 0);
    cr_assert_str_neq(c.failure, "");
}

Test(web, absent_server_is_reported)
{
    server s = {0};
    client c = {0};
    serve_once(&s, NULL);
    close(s.listener);
    cr_assert_not_null(begin(&c, &s, (fl_web_request){.answer_most = 9}));
    finish(&c);
    cr_assert_eq(c.answer.status, 0);
    cr_assert_str_neq(c.failure, "");
}

Test(web, cancelled_request_disconnects_without_report)
{
    char byte;
    server s = {0};
    client c = {0};
    serve_once(&s, NULL);
    fl_web_call *call = begin(&c, &s, (fl_web_request){.answer_most = 9});
    cr_assert_not_null(call);
    fl_web_turn(c.web);
    int fd = accept(s.listener, NULL, NULL);
    cr_assert_not(fl_web_is_answering(call));
    fl_web_cancel(call);
    while (recv(fd, &byte, 1, 0) > 0)
        ;
    close(fd);
    cr_assert_eq(c.left, 1, "not told");
    fl_web_destroy(c.web);
    end_server(&s);
}

Test(web, descriptor_is_ready_when_work_waits)
{
    server s = {0};
    client c = {0};
    serve_once(&s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    cr_assert_not_null(begin(&c, &s, (fl_web_request){.answer_most = 9}));
    while (c.left) {
        struct pollfd one = {.fd = fl_web_fd(c.web), .events = POLLIN};
        cr_assert_eq(poll(&one, 1, -1), 1);
        fl_web_turn(c.web);
    }
    struct pollfd quiet = {.fd = fl_web_fd(c.web), .events = POLLIN};
    cr_assert_eq(poll(&quiet, 1, 0), 0);
    finish_with(&c, &s);
    end_server(&s);
    cr_assert_str_eq(c.body, "ok");
}

Test(web, another_scheme_is_refused)
{
    client c = {0};
    fl_web *web = fl_web_create(NULL);
    cr_assert_not_null(fl_web_begin(web, &(fl_web_request){.url = "file:///etc/passwd",
                                                           .timeout = FILCH_SECOND,
                                                           .answer_most = 99,
                                                           .done = on_done,
                                                           .arg = &c}));
    c.left = 1;
    cr_assert(fl_web_finish(web, &c.left, FILCH_FOREVER));
    cr_assert_str_eq(c.body, "");
    cr_assert_str_neq(c.failure, "");
    fl_web_destroy(web);
}
