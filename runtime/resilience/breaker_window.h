/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rolling window of a breaker, which counts failures. It covers either a number of calls, one
 * bit each, or a length of time, in parts of which the oldest goes as a whole. Only its owner uses
 * it; the caller gives the time. Times that go back count as the latest that was seen. */
#ifndef FL_BREAKER_WINDOW_H
#define FL_BREAKER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fl_window {
    uint64_t calls, failures;
    unsigned size; /* calls, or parts */
    unsigned at;   /* where the next call goes; the part that is now */
    int64_t span;  /* of a part, ns; 0: by calls */
    int64_t start; /* of the part that is now */
    void *room;    /* bits, or parts */
} fl_window;

/* The bytes that a window takes; aligned to 8 bytes. */
size_t fl_window_room(unsigned size, int64_t span);
/* Empty. */
void fl_window_init(fl_window *window, unsigned size, int64_t span, void *room, int64_t now);
void fl_window_clear(fl_window *window, int64_t now);
/* Forgets calls that are too old by now. */
void fl_window_age(fl_window *window, int64_t now);
void fl_window_add(fl_window *window, bool failed, int64_t now);

#endif
