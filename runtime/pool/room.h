/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The queue of a pool, and submitters that wait for room in it. Under the pool's lock. */
#ifndef FL_POOL_ROOM_H
#define FL_POOL_ROOM_H

#include <runtime/pool/pool.h>

/* The places within the width in which no job runs. */
uint64_t fl_pool_free_places(const filch_pool *pool);
/* The jobs that count against the capacity: delayed ones, and waiting ones beyond the free places,
 * as in a buffered channel whose idle receivers have taken theirs. A runner that takes a job into a
 * free place leaves that number as it is. It falls, and submitters may be admitted, when a job
 * leaves its place or is cancelled, when there are more places, and when a delayed job is due for
 * which a place is free. */
uint64_t fl_pool_queued(const filch_pool *pool);
/* Is a new job accepted? A rendezvous has room only for jobs with a free place. */
bool fl_pool_has_room(const filch_pool *pool);
/* Puts a new job into the queue. */
void fl_pool_take_in(filch_pool *pool, filch_job *job, fl_after *after);
/* Puts an accepted job into the queue, as the last of those that wait. */
void fl_pool_append(filch_pool *pool, filch_job *job);
/* The same, and a runner comes for it. */
void fl_pool_queue(filch_pool *pool, filch_job *job, fl_after *after);
/* Serves submitters that wait for room, as far as there is some. A thread that submits much faster
 * than the runners work would be woken, at the price of some microseconds, for room for one job. So
 * it is told when a quarter of the capacity is free. After ADMIT_LOOK it looks itself, once, and
 * from then on it is told as soon as there is room. So no submitter waits longer than that beside
 * free room, although no runner may come by. The order stays that of arrival: the first decides,
 * and submitters that come meanwhile stand behind it. A submission that does not wait, or only for
 * some time, first admits the submitters for which there is room. A submitter that leaves the queue
 * without room admits those behind it. Fibers and submitters with a time limit are prompt. */
void fl_pool_admit(filch_pool *pool, fl_after *after);
/* The pool is closed: tells all of them -EPIPE. */
void fl_pool_turn_away(filch_pool *pool, fl_after *after);
/* At once, also those that are not prompt. */
void fl_pool_admit_all(filch_pool *pool, fl_after *after);

#endif
