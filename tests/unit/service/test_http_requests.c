/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The HTTP endpoints of a service: methods, connections, tokens, names. */
#include <tests/service/service_http.h>

Test(http_requests, unknown_paths_and_methods_are_refused)
{
    start((filch_service_config){0});
    cr_assert_eq(status_of("/"), 200);
    cr_assert_eq(status_of("/page.css"), 200);
    cr_assert_eq(status_of("/page.js"), 200);
    cr_assert_eq(status_of("/health?verbose=1"), 200);
    cr_assert_eq(status_of("/healthy"), 404);
    cr_assert_eq(status_of("/../health"), 404);
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
    for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++)
        cr_assert_eq(http_status(port, methods[i], "/health", ""), 405, "%s", methods[i]);
    http_answer *answer = http_ask(port, "HEAD", "/debug/state", "");
    cr_assert_eq(answer->status, 200);
    cr_assert_str_eq(answer->body, "");
    free(answer);
    end();
}

Test(http_requests, a_body_is_thrown_away)
{
    start((filch_service_config){0});
    int fd = http_connect(port);
    static const char text[] = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               "Content-Length: 5\r\n\r\nhello";
    http_send(fd, text, sizeof text - 1);
    http_answer *answer = http_read(fd);
    cr_assert_eq(answer->status, 200);
    free(answer);
    end();
}

Test(http_requests, a_connection_serves_several_requests)
{
    start((filch_service_config){0});
    int fd = http_connect(port);
    static const char text[] =
        "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    http_send(fd, text, sizeof text - 1);
    http_answer *answer = http_read(fd);
    cr_assert_eq(answer->status, 200);
    cr_assert(strstr(answer->body, "HTTP/1.1 503"));
    free(answer);
    end();
}

Test(http_requests, answers_forbid_foreign_content)
{
    start((filch_service_config){0});
    http_answer *answer = get("/");
    cr_assert(strstr(answer->text, "Content-Security-Policy: default-src 'none'"));
    cr_assert(strstr(answer->text, "X-Content-Type-Options: nosniff"));
    cr_assert(!strstr(answer->body, "http:") && !strstr(answer->body, "https:"));
    free(answer);
    end();
}

Test(http_requests, connection_65_replaces_the_first)
{
    enum { MOST = 64 };
    char byte;
    int fds[MOST];
    start((filch_service_config){0});
    for (unsigned i = 0; i < MOST; i++)
        fds[i] = http_connect(port);
    cr_assert_eq(status_of("/health"), 200);
    cr_assert_eq(recv(fds[0], &byte, 1, MSG_DONTWAIT), 0, "it is closed");
    for (unsigned i = 0; i < MOST; i++)
        close(fds[i]);
    end();
}

/* ---- Tokens ---- */

Test(http_requests, state_and_page_require_token)
{
    service = service_of((filch_service_config){0}, handlers, 3);
    start_http((filch_service_http_config){.address = "0.0.0.0", .token = "open sesame"});
    static const struct {
        const char *headers;
        int status;
    } requests[] = {
        {"", 401},
        {"Authorization: Bearer open sesam\r\n", 401},
        {"Authorization: Bearer open sesame!\r\n", 401},
        {"Authorization: Bearer \r\n", 401},
        {"Authorization: Bearer open sesame\r\n", 200},
        {"Authorization: Basic bWU6b3BlbiBzZXNhbWU=\r\n", 200}, /* me:open sesame */
        {"Authorization: Basic bWU6b3BlbiBzZXNhbQ==\r\n", 401}, /* me:open sesam */
    };
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
        cr_assert_eq(http_status(port, "GET", "/debug/state", requests[i].headers),
                     requests[i].status, "%u", i);
        cr_assert_eq(http_status(port, "GET", "/", requests[i].headers), requests[i].status);
    }
    http_answer *answer = http_ask(port, "GET", "/", "");
    cr_assert(strstr(answer->text, "WWW-Authenticate: Basic"));
    free(answer);
    cr_assert_eq(status_of("/health"), 200, "probes need none");
    cr_assert_eq(status_of("/metrics"), 200);
    end();
}

Test(http_requests, tokenless_remote_addresses_see_no_jobs)
{
    service = service_of((filch_service_config){0}, handlers, 3);
    start_http((filch_service_http_config){.address = "0.0.0.0"});
    cr_assert_eq(status_of("/"), 403);
    cr_assert_eq(status_of("/debug/state"), 403);
    cr_assert_eq(status_of("/metrics"), 200);
    end();
}

Test(http_requests, foreign_loopback_name_is_refused)
{
    start((filch_service_config){0});
    cr_assert_eq(http_status(port, "GET", "/debug/state", "Host: evil.example\r\n"), 403);
    cr_assert_eq(http_status(port, "GET", "/debug/state", "Host: 127.0.0.1:80\r\n"), 200);
    cr_assert_eq(http_status(port, "GET", "/debug/state", "Host: LocalHost:80\r\n"), 200);
    cr_assert_eq(http_status(port, "GET", "/health", "Host: evil.example\r\n"), 200);
    end();
}
