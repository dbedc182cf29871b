/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "collector.h"

#include <tests/support/http.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

enum { REQUEST_MOST = 8 << 20, LOG_PIECE = 1 << 16 };

static unsigned count_in(const char *text, const char *word)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
        count++;
    return count;
}

/* Reads one request into `text`. */
static void read_request(int fd, char *text)
{
    size_t size = 0;
    ssize_t got = 1;
    text[0] = '\0';
    while (got > 0 && size < REQUEST_MOST - 1 && !http_is_complete(text, size)) {
        got = recv(fd, text + size, REQUEST_MOST - 1 - size, 0);
        size += got > 0 ? (size_t)got : 0;
        text[size] = '\0';
    }
}

/* Each span has one time of its start (OTLP/HTTP, the JSON mapping). */
static void *take_spans(void *arg)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    collector *c = arg;
    char *text = malloc(REQUEST_MOST);
    for (int fd; text && (fd = accept(c->listener, NULL, NULL)) >= 0; close(fd)) {
        read_request(fd, text);
        filch_u64_add(&c->spans, count_in(text, "\"startTimeUnixNano\""), FILCH_RELAXED);
        send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    }
    free(text);
    return NULL;
}

static void *take_lines(void *arg)
{
    static char text[LOG_PIECE + 1];
    collector *c = arg;
    for (ssize_t got; (got = read(c->log, text, LOG_PIECE)) > 0;) {
        text[got] = '\0';
        filch_u64_add(&c->lines, count_in(text, "\n"), FILCH_RELAXED);
    }
    return NULL;
}

int collector_open(collector *c)
{
    int ends[2];
    *c = (collector){0};
    c->listener = port_listen(64, &c->port);
    cr_assert(pipe2(ends, O_CLOEXEC) == 0);
    c->log = ends[0];
    return ends[1];
}

void collector_start(collector *c)
{
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, take_spans, c) == 0);
    pthread_detach(thread);
    cr_assert(pthread_create(&thread, NULL, take_lines, c) == 0);
    pthread_detach(thread);
}
