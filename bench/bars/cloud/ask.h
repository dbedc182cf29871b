/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests to a service that may not be there. */
#ifndef BARS_CLOUD_ASK_H
#define BARS_CLOUD_ASK_H

#include <tests/support/http.h>

/* The answer to GET; its status is 0 if none came. Free it. */
static inline http_answer *cloud_ask(int port, const char *path)
{
    char text[128];
    struct sockaddr_in to = http_place((unsigned)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        send(fd, text, (size_t)size, MSG_NOSIGNAL);
    return http_read(fd);
}

static inline bool cloud_is_ready(int port)
{
    http_answer *answer = cloud_ask(port, "/ready");
    bool ready = answer->status == 200;
    free(answer);
    return ready;
}

#endif
