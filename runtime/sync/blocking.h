/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Blocking calls, internal part. Carriers are threads that carry a fiber, or call a function, while
 * it blocks. The fiber moves, not its worker: it suspends, a carrier switches to it, and at the end
 * it suspends on the carrier and its runtime resumes it. So a worker keeps its deque, its fork
 * stacks' thieves and its CPU, and the engine knows nothing of carriers.
 *
 * A carrier switches as a worker does, and has an fl_worker for that. No runtime lists this worker:
 * nobody steals from it, and its counters are not summed. So a carried fiber counts as suspended,
 * and the runtime does not end before it is back.
 *
 * Under the lock: threads >= the lesser of calls and the limit, so that a call waits for its turn
 * only where the limit is reached or the system gives no more threads. A carrier is free for the
 * next call before it gives its fiber back: a task that makes one call after another needs one.
 *
 * Edges, beside SwitchFiber of runtime/engine/suspend.c:
 *   GiveCall: store called, release                 -> ReadCall, carrier: load called, acquire;
 *                                                      it sees its call */
#ifndef FL_BLOCKING_H
#define FL_BLOCKING_H

struct filch_runtime;

/* No worker runs any more and no call is open: ends the carriers. */
void fl_blocking_stop(struct filch_runtime *rt);
/* For the deadlock detector: the open calls, and the carriers that exist. */
void fl_blocking_count(struct filch_runtime *rt, unsigned *calls, unsigned *threads);
/* Ends carrying for the calling fiber, however many pairs it is in: it panics, and unwinding needs
 * a worker. Its catcher may be inside the pairs; their ends then find it on a worker. */
void fl_blocking_abandon(void);

#endif
