/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <strings.h>
#include <tests/support/http.h>
#include <tests/support/test.h>

struct sockaddr_in http_place(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

int http_connect(unsigned port)
{
    struct sockaddr_in to = http_place(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void http_send(int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        cr_assert_gt(sent, 0);
        text += sent;
        size -= (size_t)sent;
    }
}

http_answer *http_read(int fd)
{
    http_answer *answer = calloc(1, sizeof *answer);
    size_t size = 0;
    ssize_t got;
    while (size < HTTP_MOST - 1 &&
           (got = recv(fd, answer->text + size, HTTP_MOST - 1 - size, 0)) > 0)
        size += (size_t)got;
    close(fd);
    sscanf(answer->text, "HTTP/1.1 %d", &answer->status);
    const char *body = strstr(answer->text, "\r\n\r\n");
    answer->body = body ? body + 4 : "";
    return answer;
}

http_answer *http_ask(unsigned port, const char *method, const char *path, const char *headers)
{
    char text[1024];
    int fd = http_connect(port);
    int size =
        snprintf(text, sizeof text, "%s %s HTTP/1.1\r\n%s%sConnection: close\r\n\r\n", method, path,
                 strstr(headers, "Host:") ? "" : "Host: localhost\r\n", headers);
    http_send(fd, text, (size_t)size);
    return http_read(fd);
}

int http_status(unsigned port, const char *method, const char *path, const char *headers)
{
    http_answer *answer = http_ask(port, method, path, headers);
    int status = answer->status;
    free(answer);
    return status;
}

/* ---- A server ---- */

/* The length of a request's body. */
static size_t http_length(const char *head)
{
    const char *at = strcasestr(head, "content-length:");
    return at ? strtoul(at + sizeof "content-length:" - 1, NULL, 10) : 0;
}

bool http_is_complete(const char *text, size_t size)
{
    const char *body = strstr(text, "\r\n\r\n");
    return body && size >= (size_t)(body + 4 - text) + http_length(text);
}

int http_accept(int listener, char **request)
{
    char *text = calloc(1, HTTP_MOST);
    size_t size = 0;
    int fd = accept(listener, NULL, NULL);
    cr_assert_geq(fd, 0);
    while (!http_is_complete(text, size)) {
        ssize_t got = recv(fd, text + size, HTTP_MOST - 1 - size, 0);
        cr_assert_gt(got, 0);
        size += (size_t)got;
    }
    if (request)
        *request = text;
    else
        free(text);
    return fd;
}

char *http_serve_one(int listener, const char *answer)
{
    char *text;
    int fd = http_accept(listener, &text);
    http_send(fd, answer, strlen(answer));
    close(fd);
    return text;
}
