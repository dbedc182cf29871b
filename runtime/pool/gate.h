/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The limiter and the breaker of a pool with a queue. The limiter's next permit is the pool's, not a job's: it goes
 * to the first job in the queue when it is due. So the order holds however long permits take, and a
 * job that waits for a permit stands in the queue as for a runner.
 *
 *   the gate      a runner that looks for a job, under the pool's lock        becomes
 *   no permit     reserves one                                               held
 *   held, due     takes the first job, and gives it the permit                no permit
 *   held, later   times out the first jobs whose deadlines come before it,    shut
 *                 sets the alarm, and ends
 *   shut          no runner is started                                        shut
 *   shut          the alarm's task starts one                                 held
 *   held, shut    the queue has become empty: gives it back                   no permit
 *
 * A breaker that is not closed shuts the gate as well (FILCH_BREAKER_FULL_HOLD): the jobs stand in the
 * queue, and use up no permits. One job at a time passes as a probe when the breaker may let it
 * through; when its attempt has ended the gate opens. Otherwise the alarm's task opens it, at the
 * latest after LOOK, since the breaker may be reset, and tells nobody. The breaker itself is asked by
 * the job (runtime/pool/run_job.h), because that may call users' functions.
 *
 * If the limiter answers with an error, the job passes the gate, and fails with the same error.
 * Jobs of direct pools, and those beyond the width, reserve for themselves, and are delayed
 * (runtime/pool/run_job.h).
 *
 * Life: the alarm is one of the pool's (runtime/pool/pool.h). Locks: the limiter's and
 * the breaker's under the pool's. */
#ifndef FL_GATE_H
#define FL_GATE_H

#include <filch/limiter.h>
#include <filch/pool.h>

struct fl_after;

typedef struct fl_gate {
    bool held, shut; /* neither, in a pool without the alarm */
    bool probe;      /* the next job that passes is one, */
    bool probing;    /* and one has not ended its attempt */
    filch_reservation permit;
} fl_gate;

/* -EAGAIN, -EMFILE, -ENOMEM through fl_fail: there is no timer thread. */
int fl_gate_open(filch_pool *pool);

/* ---- Under the pool's lock ---- */

/* May the first job begin now? */
bool fl_gate_passes(filch_pool *pool, struct fl_after *after);
/* It begins. */
void fl_gate_pass(filch_pool *pool, filch_job *job, struct fl_after *after);
/* The attempt of a probe has ended. No lock. */
void fl_gate_probed(filch_job *job);
/* When the breaker should be asked again; at most `now`: at once. No lock. */
int64_t fl_gate_next_ask(filch_breaker *breaker, bool *closed, int64_t now);
/* No more jobs come: gives the held permit back. */
void fl_gate_close(filch_pool *pool);

#endif
