/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rolling window of a breaker: how many of the last calls failed, either of a number of calls,
 * one bit each, or of a length of time, in parts of which the oldest goes as a whole. Its owner
 * alone uses it; it knows no clock. Times that go back count as the latest that was seen. */
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

/* How much room a window takes; aligned to 8 bytes. */
size_t fl_window_room(unsigned size, int64_t span);
/* Empty. */
void fl_window_init(fl_window *window, unsigned size, int64_t span, void *room, int64_t now);
void fl_window_clear(fl_window *window, int64_t now);
/* What is too old by now is forgotten. */
void fl_window_age(fl_window *window, int64_t now);
void fl_window_add(fl_window *window, bool failed, int64_t now);

#endif
