/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Host names in URLs of brokers that mean this machine: passwords may go there in clear text. */
#ifndef FL_LOOPBACK_H
#define FL_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>

/* "localhost", an IPv4 address of 127.0.0.0/8 in full, "::1" or "[::1]". A name such as
 * 127.example.com is not. Asks no name server. */
bool fl_loopback_has(const char *name, size_t length);
/* The same of all of HOST[:PORT][,HOST...]. */
bool fl_loopback_has_all(const char *hosts);

#endif
