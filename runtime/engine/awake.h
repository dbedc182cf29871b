/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Idle modes `yield` and `spin`: idle workers stay awake, as those of Cilk-5, Lace and most
 * textbooks do. For researchers who measure the costs and savings of sleeping, and for dedicated
 * computers where a wake-up would take too long.
 *
 * Protocol. A worker that stays awake never ends its search: it remains counted in Q of the word I
 * (Q1 of sched/idle.h), and never meets I1, a token or a park word. The invariants of docs/idle.md
 * require a searcher to look again at everything after the stores of all publishers that saw it
 * search, and it always does. Publishers find Q > 0 or no sleeper, and wake nobody. Owners are not
 * poked: no sleeper needs them to take their slow path. If the last searcher
 * finds work (Q2), there is no sleeper either, so there is nothing to hand on.
 *
 * The end. A worker that sees `stopping` (E1 of runtime/engine/park.c) goes to sleep by the
 * protocol (I1, I2, E2), and the last one ends the runtime as usual. The look is relaxed: the store
 * becomes visible in the end, and once a worker has seen it, its own E2 does, too.
 *
 * A sleeper's other duties. The worker first gives up the fibers that it keeps back, as another
 * worker may wait for one. During a nap (sched/profit.h) it asks no owners, but still looks at
 * inbox and ready deques. A surplus worker retires, and sleeps (runtime/engine/worker_set.h).
 *
 * Other threads. `yield` calls sched_yield between two searches; so does `spin` where workers
 * outnumber CPUs, since it could keep the very worker that it waits for off its CPU. Otherwise the
 * system takes the CPU away when the worker's time slice is over. The detector of deadlocks
 * (runtime/sync/deadlock.h) sees nothing while a worker of the process stays awake. */
#ifndef FL_AWAKE_H
#define FL_AWAKE_H

#include <runtime/engine/worker.h>

/* After an unsuccessful search of the caller. true: search again; false: sleep, since the mode says
 * so or the runtime ends. nap: ns in which owners are not to be asked; 0: none. */
bool fl_stay_awake(fl_worker *worker, int64_t nap);

#endif
