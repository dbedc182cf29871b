/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * SHA-1 of messages that fit one block: all that the random generator of the UTS trees needs
 * (kernel uts). Not for security. Pure function; any thread. */
#ifndef KERNELS_SHA1_H
#define KERNELS_SHA1_H

#include <filch/base.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA1_BYTES = 20, SHA1_MOST = 55 };

/* digest may be the message itself. size is at most SHA1_MOST. */
FILCH_BEGIN_DECLS
void sha1_short(uint8_t digest[SHA1_BYTES], const uint8_t *message, size_t size);
FILCH_END_DECLS

#endif
