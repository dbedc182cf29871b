/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory of one configuration: taken piece by piece, freed at once. Zero bytes are ready for use. */
#ifndef FL_ARENA_H
#define FL_ARENA_H

#include <stddef.h>

typedef struct fl_keep {
    struct fl_kept *last;
} fl_keep;

/* `size` zero bytes, aligned for any type. NULL: -ENOMEM, explained. */
void *fl_keep_bytes(fl_keep *keep, size_t size);
/* A copy of the first `length` bytes of a text, closed by NUL. NULL: -ENOMEM, explained. */
char *fl_keep_text(fl_keep *keep, const char *text, size_t length);
/* Overwrites, since some of it is secret, and frees all. */
void fl_keep_end(fl_keep *keep);

#endif
