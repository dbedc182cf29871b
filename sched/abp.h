/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bounded deque of Arora, Blumofe and Plaxton (Thread scheduling for multiprogrammed
 * multiprocessors, SPAA 1998, section 3), with the orders that C11 needs. For researchers and
 * teachers: Chase and Lev's deque grew out of this one. Its array is not circular: whenever the
 * owner finds it empty, both ends go back to the first place. A tag beside the top keeps a thief
 * that looked before from taking the next item there. The owner pushes and pops at the bottom;
 * all others take at the top.
 *
 * Edges:
 *   PushBottom: store bottom, release               -> ReadAge; a thief sees the item
 *   ReadAge, steal: load age, acquire; seq_cst      <- PushBottom; | PopBottom
 *      fence; load bottom, acquire
 *   PopBottom: store bottom, release; seq_cst       |  ReadAge; one of the two sees the other
 *      fence; load age, relaxed
 *   ClaimAge, pop, steal: CAS age, seq_cst          |  ClaimAge, ResetAge; of two that want one
 *                                                      item, one wins
 *   ResetAge: pop of an empty deque: store age,     |  ClaimAge; the tag makes thieves that
 *      release, after bottom was set to 0              looked before fail
 * ResetAge needs no CAS: bottom is 0, so no thief that comes now reaches ClaimAge. A thief that
 * looked before has either succeeded already, which is how the owner knows that the deque is empty,
 * or expects an item that is no longer there. */
#ifndef FL_ABP_H
#define FL_ABP_H

#include <filch/atomic.h>

#include <stdbool.h>

#ifdef FILCH_TINY
#define FL_ABP_ROOM 2
#else
#define FL_ABP_ROOM 1024
#endif

typedef struct fl_abp {
    filch_u64 age; /* thieves; tag: 32, top: 32 */
    char apart1[FILCH_APART - sizeof(filch_u64)];
    filch_u64 bottom; /* owner */
    filch_ptr items[FL_ABP_ROOM];
    char apart2[FILCH_APART];
} fl_abp;

/* All zero bytes before, which is an empty deque, too. */
void fl_abp_init(fl_abp *deque);

/* Owner. false: the deque is full. item: not NULL. */
bool fl_abp_push(fl_abp *deque, void *item);
/* Owner: the newest, or NULL. */
void *fl_abp_pop(fl_abp *deque);
/* Owner: the item pushed last and not popped since, or NULL. A thief may have taken it. */
void *fl_abp_newest(fl_abp *deque);
/* Any thread: the oldest; NULL: the deque was empty, or another thread took the item first. */
void *fl_abp_steal(fl_abp *deque);
/* Any thread: the number of items. A look. */
unsigned fl_abp_size(const fl_abp *deque);

#endif
