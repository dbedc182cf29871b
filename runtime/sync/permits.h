/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Permits, taken one or several at a time, first come, first served; the base of semaphores and
 * reader-writer locks. The balance may fall to a floor and rise to a ceiling, so the owner chooses
 * the meaning of zero bytes: no permits (floor 0), or all of them (ceiling 0).
 *
 * balance: twice the number, and 1 (WAITED_FOR) while somebody may be waiting. While that bit is
 * set the balance changes under the private lock alone.
 *
 * Edges:
 *   TakePermits: CAS of balance, acquire, or for a  <- GivePermits: CAS of balance, release, or
 *      waiter add, acq_rel                             under the private lock add, acq_rel; sees
 *                                                      all givers' writes. Waiters: over the
 *                                                      edges of runtime/sync/wait.h
 * Life: a thread that has just taken permits may free the object: GivePermits is the giver's last
 * touch, or the giver leaves the private lock before it tells a waiter, which still exists then.
 * Threads: any. */
#ifndef FL_PERMITS_H
#define FL_PERMITS_H

#include <filch/sync.h>
#include <runtime/sync/wait.h>

#include <stdbool.h>

/* Waits until the balance would not fall below the floor and nobody waits in front. Returns as
 * fl_wait_at(how, ...) does. call: the public call that waits, for reports, a literal. */
int fl_permits_take(const char *call, filch_permits *permits, int64_t count, int64_t floor,
                    int64_t until, fl_wait_how how);
/* false: the balance would rise above the ceiling. Does not suspend. */
bool fl_permits_give(filch_permits *permits, int64_t count, int64_t floor, int64_t ceiling);
/* Now. */
int64_t fl_permits_balance(const filch_permits *permits);

#endif
