/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sockets that do not block, as several clients open and await them. */
#ifndef FL_SOCKET_H
#define FL_SOCKET_H

#include <stdint.h>
#include <sys/socket.h>

/* Waits for events of poll. 0, or an errno; ETIMEDOUT: at `until`, of filch_now. */
int fl_socket_wait(int fd, short events, int64_t until);
/* The descriptor of a socket that is connected until then, or -errno. */
int fl_socket_connect(const struct sockaddr *to, socklen_t size, int64_t until);
/* A connection that breaks without a word is found broken within 20 s, also if it only listens. Without
 * effect on sockets that are not of TCP. */
void fl_socket_keep(int fd);

#endif
