/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/net/http_client.h>

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/net/certificate.h>
#include <runtime/service/net/socket.h>
#include <runtime/service/url.h>

#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char *file_of(const char *authorities)
{
    if (!authorities || !*authorities)
        authorities = secure_getenv("SSL_CERT_FILE"); /* libcurl itself does not look */
    return authorities && *authorities ? authorities : NULL;
}

void fl_curl_verify(CURL *curl, const char *authorities)
{
    authorities = file_of(authorities);
    if (authorities)
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
}

/* By the name that this version of libcurl has for it. */
void fl_curl_allow_schemes(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static int on_open(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg, (void)purpose;
    fl_socket_keep(fd);
    return CURL_SOCKOPT_OK;
}

void fl_curl_keep(CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_open);
}

/* ---- Failures ---- */

static bool find_place(CURL *curl, fl_url_place *at)
{
    char where[sizeof *at];
    char *url = NULL, *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
    bool is_found = parts && url && !curl_url_set(parts, CURLUPART_URL, url, 0) &&
                    !curl_url_get(parts, CURLUPART_HOST, &host, 0) &&
                    !curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    if (is_found) {
        snprintf(where, sizeof where, "%s:%s", host, port);
        *at = fl_url_place_of(where, port);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return is_found;
}

/* In OpenSSL's words, if libcurl uses it: behind a proxy we do not look ourselves. */
static const char *verdict_of(CURL *curl, CURLcode code)
{
    enum { UNSPECIFIED = 1, HOSTNAME_MISMATCH = 62 }; /* of X509_V_ERR_ */
    long verdict = 0;
    const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (!library || strncmp(library, "OpenSSL", 7) != 0 || code != CURLE_PEER_FAILED_VERIFICATION)
        return curl_easy_strerror(code);
    if (verdict <= UNSPECIFIED) /* the chain is good: libcurl compares names after the handshake */
        verdict = HOSTNAME_MISMATCH;
    return fl_certificate_verdict(verdict);
}

const char *fl_curl_failure(CURL *curl, CURLcode code, const char *authorities, const char *setting,
                            fl_certificate *c)
{
    fl_url_place at;
    long proxied = 0;
    if (code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CONNECT_ERROR)
        return curl_easy_strerror(code);
    *c = (fl_certificate){.host = at.host,
                          .port = at.port,
                          .authorities = file_of(authorities),
                          .setting = setting};
    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &proxied);
    if (!proxied && find_place(curl, &at) && fl_certificate_is_refused(c))
        return c->why;
    return verdict_of(curl, code);
}

/* ---- Requests ---- */

/* libcurl names the sockets and the time that it waits for. They are in an epoll instance, the time as
 * a timerfd, so the owner polls one descriptor for any number of connections. */

enum {
    EVENTS = 64,             /* sockets that one turn looks at; the others are still ready */
    CONNECTIONS = 64,        /* kept, when they are idle */
    IDLE_HANDLES = 64,       /* kept, of requests that are over */
    FIRST_ROOM = 4096,       /* for an answer's body */
    RETRY_AFTER_MOST = 3600, /* seconds */
    WAIT_MOST = 60 * 1000    /* ms, of one wait */
};

struct fl_web_call {
    fl_web *web;
    fl_web_call *next, **place; /* in web->calls; an idle one: in web->idle */
    CURL *curl;
    struct curl_slist *headers;
    char *sent; /* the request's body */
    size_t sent_size;
    char *received; /* of the answer */
    size_t size, room, most;
    bool is_cut, is_short; /* of memory */
    void (*done)(void *arg, const fl_web_answer *answer);
    void *arg;
};

struct fl_web {
    CURLM *multi;
    int epoll, timer;
    char *authorities;
    fl_web_call *calls, *idle;
    unsigned idle_count;
};

/* ---- The descriptor ---- */

static int on_socket(CURL *curl, curl_socket_t socket, int what, void *arg, void *known)
{
    static char marker;
    const fl_web *web = arg;
    struct epoll_event event = {.data.fd = socket};
    (void)curl;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(web->epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (!known)
        curl_multi_assign(web->multi, socket, &marker);
    return epoll_ctl(web->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
}

/* A timer of 0 would be off. */
static int on_timer(CURLM *multi, long ms, void *arg)
{
    const fl_web *web = arg;
    struct itimerspec when = {.it_value = {ms / 1000, ms % 1000 * FILCH_MILLISECOND + (ms == 0)}};
    (void)multi;
    if (ms < 0)
        when = (struct itimerspec){{0}, {0}};
    return timerfd_settime(web->timer, 0, &when, NULL);
}

/* ---- Life ---- */

static void begin_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool make_multi(fl_web *web)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = web->timer};
    web->multi = curl_multi_init();
    if (!web->multi || web->epoll < 0 || web->timer < 0)
        return false;
    curl_multi_setopt(web->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(web->multi, CURLMOPT_SOCKETDATA, web);
    curl_multi_setopt(web->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(web->multi, CURLMOPT_TIMERDATA, web);
    curl_multi_setopt(web->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
    return epoll_ctl(web->epoll, EPOLL_CTL_ADD, web->timer, &event) == 0;
}

fl_web *fl_web_create(const char *authorities)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin_curl);
    fl_web *web = calloc(1, sizeof *web);
    if (!web)
        return NULL;
    web->authorities = authorities ? strdup(authorities) : NULL;
    web->epoll = epoll_create1(EPOLL_CLOEXEC);
    web->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if ((!authorities || web->authorities) && make_multi(web))
        return web;
    fl_web_destroy(web);
    return NULL;
}

void fl_web_destroy(fl_web *web)
{
    if (!web)
        return;
    while (web->calls)
        fl_web_cancel(web->calls);
    for (fl_web_call *one; (one = web->idle);) {
        web->idle = one->next;
        curl_easy_cleanup(one->curl);
        free(one);
    }
    curl_multi_cleanup(web->multi); /* closes connections, which calls on_socket */
    if (web->timer >= 0)
        close(web->timer);
    if (web->epoll >= 0)
        close(web->epoll);
    free(web->authorities);
    free(web);
}

/* ---- Calls ---- */

static void link_call(fl_web *web, fl_web_call *call)
{
    call->place = &web->calls;
    call->next = web->calls;
    if (call->next)
        call->next->place = &call->next;
    web->calls = call;
}

static fl_web_call *make_call(fl_web *web)
{
    fl_web_call *call = web->idle;
    if (call) {
        web->idle = call->next;
        web->idle_count--;
    } else {
        call = calloc(1, sizeof *call);
        if (call)
            call->curl = curl_easy_init();
    }
    if (call && !call->curl) {
        free(call);
        call = NULL;
    }
    if (call)
        link_call(web, call);
    return call;
}

static void wipe(char *text, size_t size)
{
    if (text)
        explicit_bzero(text, size); /* it may hold a token */
    free(text);
}

/* It is not in the multi handle. */
static void end_call(fl_web *web, fl_web_call *call)
{
    CURL *curl = call->curl;
    *call->place = call->next;
    if (call->next)
        call->next->place = call->place;
    curl_slist_free_all(call->headers);
    wipe(call->sent, call->sent_size);
    wipe(call->received, call->size);
    if (web->idle_count == IDLE_HANDLES) {
        curl_easy_cleanup(curl);
        free(call);
        return;
    }
    curl_easy_reset(curl);
    *call = (fl_web_call){.curl = curl, .next = web->idle};
    web->idle = call;
    web->idle_count++;
}

static bool has_room(fl_web_call *call, size_t size)
{
    size_t room = call->room ? call->room : FIRST_ROOM;
    while (room < size)
        room *= 2;
    if (room == call->room)
        return true;
    char *longer = malloc(room);
    if (!longer)
        return false;
    if (call->size)
        memcpy(longer, call->received, call->size);
    wipe(call->received, call->size);
    call->received = longer;
    call->room = room;
    return true;
}

static size_t on_data(char *data, size_t one_byte, size_t size, void *arg)
{
    fl_web_call *call = arg;
    (void)one_byte;
    call->is_cut = size > call->most - call->size;
    call->is_short = !call->is_cut && !has_room(call, call->size + size + 1);
    if (call->is_cut || call->is_short)
        return 0; /* no more of it */
    memcpy(call->received + call->size, data, size);
    call->size += size;
    call->received[call->size] = '\0';
    return size;
}

static bool set_headers(fl_web_call *call, const char *const *headers)
{
    for (size_t i = 0; headers && headers[i]; i++) {
        struct curl_slist *longer = curl_slist_append(call->headers, headers[i]);
        if (!longer)
            return false;
        call->headers = longer;
    }
    struct curl_slist *longer = curl_slist_append(call->headers, "Expect:"); /* no wait for "100" */
    call->headers = longer ? longer : call->headers;
    return longer;
}

static void set_method(CURL *curl, const fl_web_request *request)
{
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    } else {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
    if (request->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static bool set_options(fl_web *web, fl_web_call *call, const fl_web_request *request)
{
    CURL *curl = call->curl;
    int64_t ms = request->timeout / FILCH_MILLISECOND;
    set_method(curl, request);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "filch-service");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ms < 1 ? 1L : (long)ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, call);
    if (request->is_direct)
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    fl_curl_verify(curl, web->authorities);
    fl_curl_keep(curl);
    fl_curl_allow_schemes(curl);
    return curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK;
}

fl_web_call *fl_web_begin(fl_web *web, const fl_web_request *request)
{
    fl_web_call *call = make_call(web);
    if (!call) {
        free(request->body);
        return NULL;
    }
    call->web = web;
    call->sent = request->body;
    call->sent_size = request->body_size;
    call->most = request->answer_most;
    call->done = request->done;
    call->arg = request->arg;
    if (set_headers(call, request->headers) && set_options(web, call, request) &&
        curl_multi_add_handle(web->multi, call->curl) == CURLM_OK)
        return call;
    end_call(web, call);
    return NULL;
}

void fl_web_cancel(fl_web_call *call)
{
    fl_web *web = call->web;
    curl_multi_remove_handle(web->multi, call->curl);
    end_call(web, call);
}

bool fl_web_is_answering(const fl_web_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
    return status != 0;
}

/* ---- Turns ---- */

static fl_web_answer answer_of(const fl_web_call *call, CURLcode code, fl_certificate *c)
{
    curl_off_t seconds = 0;
    fl_web_answer answer = {.is_cut = call->is_cut, .body = "", .body_size = call->size};
    if (code && !call->is_cut) {
        curl_off_t sent = 0;
        curl_easy_getinfo(call->curl, CURLINFO_PRETRANSFER_TIME_T, &sent);
        answer.is_late = code == CURLE_OPERATION_TIMEDOUT && sent > 0;
        answer.failure = call->is_short
                             ? "no memory for the answer"
                             : fl_curl_failure(call->curl, code, call->web->authorities,
                                               "ca=FILE in the URL, or SSL_CERT_FILE", c);
        answer.is_distrusted = answer.failure == c->why;
        answer.body_size = 0;
        return answer;
    }
    curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(call->curl, CURLINFO_RETRY_AFTER, &seconds);
    seconds = seconds < RETRY_AFTER_MOST ? seconds : RETRY_AFTER_MOST;
    answer.retry_after = seconds * FILCH_SECOND;
    if (call->is_cut)
        answer.body_size = 0;
    else if (call->received)
        answer.body = call->received;
    return answer;
}

/* One by one, since `done` may cancel others whose ends are not told yet. */
static void tell(fl_web *web)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(web->multi, &left));) {
        fl_web_call *call = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&call);
        curl_multi_remove_handle(web->multi, call->curl);
        fl_certificate certificate;
        const fl_web_answer answer = answer_of(call, code, &certificate);
        call->done(call->arg, &answer);
        end_call(web, call);
    }
}

static int events_of(uint32_t events)
{
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}

static void turn(fl_web *web, int wait_ms)
{
    struct epoll_event events[EVENTS];
    uint64_t expired;
    int running, count = epoll_wait(web->epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++)
        if (events[i].data.fd != web->timer)
            curl_multi_socket_action(web->multi, events[i].data.fd, events_of(events[i].events),
                                     &running);
        else if (read(web->timer, &expired, sizeof expired) > 0)
            curl_multi_socket_action(web->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    tell(web);
}

int fl_web_fd(const fl_web *web)
{
    return web->epoll;
}

void fl_web_turn(fl_web *web)
{
    turn(web, 0);
}

void fl_web_wait(fl_web *web, int64_t until)
{
    int64_t ns = until - filch_now();
    int64_t ms = ns / FILCH_MILLISECOND + (ns > 0);
    turn(web, ms < 0 ? 0 : ms < WAIT_MOST ? (int)ms : WAIT_MOST);
}

bool fl_web_finish(fl_web *web, const unsigned *left, int64_t until)
{
    while (*left && filch_now() < until)
        fl_web_wait(web, until);
    return !*left;
}
