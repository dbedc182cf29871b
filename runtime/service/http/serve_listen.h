/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The listening socket. */
#ifndef FL_SERVE_LISTEN_H
#define FL_SERVE_LISTEN_H

#include <stdbool.h>

typedef struct fl_listener {
    int fd;
    unsigned port;
    bool is_loopback;
} fl_listener;

/* Listens on an address in digits. 0 or a negative errno, with the text of filch_error(). */
int fl_listen(fl_listener *out, const char *address, unsigned port);

#endif
