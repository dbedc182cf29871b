/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The ready deque: the textbook Chase-Lev deque (SPAA 2005), with the orders of Le, Pop, Cohen,
 * Zappa Nardelli (Correct and efficient work-stealing for weak memory models, PPoPP 2013, figure
 * 1), growable. One per worker; items are tagged pointers (runtime/engine/inbox.h). The owner
 * pushes and pops at the bottom; all others take at the top. An item costs tens of nanoseconds
 * anyway, so pop keeps its seq_cst fence.
 *
 * Edges:
 *   PublishBottom, push and pop: bottom, release    -> ReadBottom, steal: bottom, acquire; it
 *      (C++20 release sequences do not cover a         sees the item and the buffer
 *      thread's later relaxed stores)
 *   LowerBottom, pop: store bottom, release;        |  CompareEnds, steal: load top, acquire;
 *      seq_cst fence; load top, relaxed                seq_cst fence; load bottom, acquire; one
 *                                                      of the two sees the other
 *   ClaimTop: CAS on top, seq_cst                   |  ClaimTop: of two that want one item, one
 *                                                      wins
 *   ShowBuffer, grow: buffer, release               -> ReadBuffer, steal: buffer, acquire; it
 *                                                      sees the copied items
 * Thieves may still read an old buffer, so `retire` frees it after a grace period. A steal runs in
 * a read-side section of the same reclamation. */
#ifndef FL_DEQUE_H
#define FL_DEQUE_H

#include <filch/atomic.h>

#include <stdbool.h>

typedef struct fl_buffer {
    int64_t size; /* a power of two */
    filch_ptr items[];
} fl_buffer;

struct fl_deque;

/* Called by the owner after the deque has grown: frees the old buffer once no thief reads it. */
typedef void fl_retire_fn(struct fl_deque *grown, fl_buffer *old);

typedef struct fl_deque {
    filch_u64 top; /* thieves */
    char apart1[FILCH_APART - sizeof(filch_u64)];
    filch_u64 bottom; /* owner */
    filch_ptr buffer; /* fl_buffer *; owner writes */
    fl_retire_fn *retire;
    int64_t seen; /* top, as the owner read it last; top only grows */
    char apart2[FILCH_APART - 2 * sizeof(filch_u64) - sizeof(void *) - sizeof(int64_t)];
} fl_deque;

enum fl_stolen { FL_STEAL_EMPTY, FL_STEAL_LOST, FL_STEAL_GOT };

/* size: a power of two. -ENOMEM as a plain errno. */
int fl_deque_init(fl_deque *deque, int64_t size, fl_retire_fn *retire);
/* No thread may use the deque any more. */
void fl_deque_clear(fl_deque *deque);

/* Owner. -ENOMEM: not pushed. */
int fl_deque_push(fl_deque *deque, void *item);
/* Owner: the newest, or NULL. */
void *fl_deque_pop(fl_deque *deque);
/* Owner: would the next push need memory? */
bool fl_deque_full(const fl_deque *deque);
/* Owner: the item that pop would return if no thief takes it first; NULL: none. */
void *fl_deque_peek(fl_deque *deque);

/* Any thread, within a read-side section: the oldest item. LOST: another thread got it; there may
 * be more. */
enum fl_stolen fl_deque_steal(fl_deque *deque, void **item);
/* Any thread, without fences: the number of the item that would be stolen. Each item has its own
 * number. */
int64_t fl_deque_oldest(fl_deque *deque);
/* Any thread, within a read-side section: the oldest item, without taking it. It may be gone
 * already: compare it, do not follow it. NULL: none. */
void *fl_deque_look(fl_deque *deque);
int64_t fl_deque_size(fl_deque *deque);

#endif
