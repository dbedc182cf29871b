/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * HTTP in tests, by plain sockets on the loopback interface: requests, and a port that listens. */
#ifndef SUPPORT_HTTP_H
#define SUPPORT_HTTP_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HTTP_MOST = 1 << 18 };
/* An answer. */
typedef struct http_answer {
    int status; /* 0: none came */
    char text[HTTP_MOST];
    const char *body; /* in text */
} http_answer;

struct sockaddr_in http_place(unsigned port);
/* A socket that is connected to the port. */
int http_connect(unsigned port);
void http_send(int fd, const char *text, size_t size);
/* Reads to the end. */
http_answer *http_read(int fd);
/* headers: further ones, each with its line's end; or "". Free the answer. */
http_answer *http_ask(unsigned port, const char *method, const char *path, const char *headers);
/* Only the status. */
int http_status(unsigned port, const char *method, const char *path, const char *headers);

bool http_is_complete(const char *text, size_t size);
/* Accepts a connection and reads a request, into *request if it is not NULL; free it. */
int http_accept(int listener, char **request);
/* Answers one request, on a connection of its own, and returns it. */
char *http_serve_one(int listener, const char *answer);

#endif
