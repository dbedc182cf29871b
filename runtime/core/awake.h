/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Idle modes `yield` and `spin`: workers that have nothing to do stay awake, as those of Cilk-5,
 * Lace and most textbooks do. For researchers who want to know what sleeping costs and what it
 * saves, and for machines that have nothing else to do and may not wait for a wake-up.
 *
 * Protocol. A worker that stays awake is one whose search never ends: it remains counted in Q of the
 * word I (Q1 of sched/idle.h), and neither I1 nor a token nor a bell is ever met. The invariants of
 * docs/idle.md ask of a searcher that it looks again at everything after whatever publishers that saw
 * it have published, and it always does. Publishers find Q > 0 or nobody asleep, and wake nobody. Owners
 * are not poked: nobody sleeps for whom they would have to come to their slow path. If the last
 * searcher finds work (Q2), nobody sleeps either, so there is nothing to hand on.
 *
 * The end. Whoever sees `stopping` (E1 of runtime/core/park.c) stays awake no more, and goes to sleep
 * by the protocol (I1, I2, E2): the last one ends the runtime as ever. The look is relaxed: a store is
 * seen in the end, and once a worker has seen it, its own E2 does, too.
 *
 * The rest of what sleepers do. Fibers that it keeps back are given up first, as another worker may
 * wait for one. A nap (sched/profit.h) is one from asking owners alone: inbox and ready deques are
 * looked at meanwhile. A surplus worker retires, and sleeps (runtime/core/crew.h).
 *
 * Other threads. `yield` calls sched_yield between two searches; so does `spin` where workers outnumber
 * CPUs, since it would keep off the very worker that it waits for. Otherwise the system takes its CPU
 * away when its slice of time is over. The detector of deadlocks (runtime/sync/deadlock.h) sees
 * nothing as long as a worker of the process stays awake. */
#ifndef FL_AWAKE_H
#define FL_AWAKE_H

#include <runtime/core/worker.h>

/* The caller, a searcher, has searched in vain. true: it is to search again; false: it sleeps, since
 * that is the mode, or the runtime ends. nap: ns in which owners are not to be asked; 0: none. */
bool fl_stay_awake(fl_worker *worker, int64_t nap);

#endif
