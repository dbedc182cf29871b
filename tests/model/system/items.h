/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Items that models send: each knows its sender and its number. The books say what was sent, and
 * claim that it is received once, in its sender's order. */
#ifndef MC_ITEMS_H
#define MC_ITEMS_H

#include <stdint.h>

enum { ITEMS_NONE = 1 << 16 };

/* Setup. */
void items_setup(void);
/* The next item of this thread. */
uint64_t items_next(unsigned by);
/* A send has ended: 0, or why it was not sent. */
void items_sent(uint64_t item, int rc);
void items_received(unsigned by, uint64_t item);
/* What is in a channel in the end counts as received: by a thread that there is not. */
void items_left(uint64_t item);
/* In the end: what was sent is received, nothing else is. */
void items_check(void);

#endif
