/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Connections of sockets, for clients that are written here. Plain threads only: they block. */
#ifndef FL_SOCKET_H
#define FL_SOCKET_H

#include <stdint.h>
#include <sys/socket.h>

/* Returns a descriptor that does not block, connected and kept alive if it is of TCP; or a negative
 * errno, -ETIMEDOUT at `until`. */
int fl_socket_connect(const struct sockaddr *to, socklen_t size, int64_t until);
/* A connection that breaks without a word is found broken within 20 s, also if it only listens. */
void fl_socket_keep_alive(int fd);
/* Waits for these events of poll. 0, or a negative errno, -ETIMEDOUT at `until`. */
int fl_socket_wait(int fd, short events, int64_t until);

#endif
