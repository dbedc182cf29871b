/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The work of the bar of images: a PNG file in memory is decoded, turned by 90 degrees, and encoded
 * again. */
#ifndef BARS_WORKER_PICTURE_H
#define BARS_WORKER_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

enum { PICTURE_SIDE = 64, PICTURE_MOST = 32 << 10 /* bytes of a file */ };

/* Makes a file of PICTURE_SIDE x PICTURE_SIDE pixels. Returns its bytes, or 0. */
size_t picture_make(unsigned char *file);
/* Returns the bytes of the turned picture's file, or 0: `file` is no such picture. */
size_t picture_turn(const void *file, size_t size, unsigned char *turned);
/* Whether a turned file has the pixels that it must have, if it came from picture_make's. */
bool picture_is_turned(const unsigned char *turned, size_t size);

#endif
