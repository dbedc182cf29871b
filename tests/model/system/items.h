/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Items that models send: each knows its sender and its number. The books record the sent items,
 * and claim that each is received once, in its sender's order. */
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
/* Items left in a channel at the end count as received, by a thread that does not exist. */
void items_left(uint64_t item);
/* At the end: every item that was sent is received, nothing else is. */
void items_check(void);

#endif
