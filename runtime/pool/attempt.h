/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Attempts at a job, and the stages that each passes, from the outside in:
 *
 *   retry       decides after an attempt whether there is another, and when
 *   width       one of the pool's runners comes to the job
 *   limiter     the queue's next permit is due (runtime/pool/gate.h); else the job reserves one,
 *               and is delayed until then
 *   breaker     may refuse: the job waits in the queue (runtime/pool/gate.h), or is delayed if it
 *               asked at the wrong time; with FILCH_BREAKER_FULL_FAIL that is a failed attempt
 *   function    runs; the breaker is told the outcome
 *   letters     after the last attempt, a job that failed or panicked becomes a dead letter
 *
 * A delayed job holds no runner and no worker:
 *
 *   stage     acts                                    becomes
 *   RUNNING   its runner, under the pool's lock:      DELAYED, if it has no outcome, is not
 *             starts the timer                        cancelled, and a timer could be had
 *   DELAYED   the timer thread, at the time           WAITING: to the end of the queue, even
 *                                                     if full; RUNNING if it runs beyond the
 *                                                     width (FILCH_FULL_RUN): the submitter may
 *                                                     hold the runner for which it would wait
 *   DELAYED   its decider: stops the timer            ENDED
 *
 * Cancelling sets a cause, then takes the pool's lock and looks at the stage: either it finds the
 * job DELAYED, or the runner finds the cause.
 * The timer is a pending callback (runtime/pool/pending_callback.h). The job's task calls users'
 * functions under no lock, and they may panic, as a detached task's panic. If a handler then lets
 * the program go on, there is no retry, a refusal, or no letter.
 * Locks: the timer thread's is taken under the pool's. */
#ifndef FL_ATTEMPT_H
#define FL_ATTEMPT_H

#include <filch/pool.h>
#include <runtime/pool/pending_callback.h>
#include <runtime/sync/timer.h>

typedef struct fl_attempts {
    const filch_retry_policy *policy; /* or NULL */
    filch_retry_state retry;
    filch_reservation permit;
    bool permitted;      /* the permit is for the attempt to come */
    bool held;           /* the breaker refused the attempt to come */
    bool refused;        /* it refused the last attempt, which failed */
    bool probe;          /* it passed the gate as a probe: runtime/pool/gate.h */
    filch_failure *last; /* of a call, before an attempt that the breaker may refuse; or NULL */
    filch_u32 begun;     /* written by its runner, read through handles */
    int64_t first;       /* when the first attempt began, */
    int64_t began;       /* and the last */
    fl_timer timer;
    fl_pending_callback over;
} fl_attempts;

/* Does the pool have one that jobs pass? */
static inline bool fl_has_policies(const filch_pool_config *config)
{
    return config->limiter || config->breaker || config->retry || config->dead_letters ||
           config->adaptive;
}

/* Do jobs wait while the breaker refuses them? */
static inline bool fl_holds(const filch_pool_config *config)
{
    return config->breaker && config->breaker_full == FILCH_BREAKER_FULL_HOLD;
}
/* It is delayed for an attempt that has not begun, so that is no retry. */
static inline bool fl_awaits_leave(const fl_attempts *attempts)
{
    return attempts->permitted || attempts->held;
}

/* Of a job that is new; `own` is its policy, or NULL: the pool's. -EINVAL a bad retry policy. */
int fl_attempts_begin(filch_job *job, const filch_retry_policy *own);
/* Its task: gives back reservations that were not used. */
void fl_attempts_leave(filch_job *job);
/* Its runner: judges the outcome of one attempt. *again, unless 0: delay the job until then; if
 * that is not possible, this is its outcome. */
filch_outcome fl_attempt(filch_self self, filch_job *job, filch_failure *why, int64_t *again);
/* A permit would come after its deadline, so it does not wait for one. */
filch_outcome fl_no_permit(const filch_job *job, filch_failure *why);
/* Its runner, with the last outcome: may make a letter of it. */
filch_outcome fl_attempts_end(filch_self self, filch_job *job, filch_outcome outcome,
                              const filch_failure *why);

/* A job in progress is delayed: false, it has an outcome, it is cancelled, or there is no timer. */
bool fl_delay(filch_job *job, int64_t until);
/* Under the lock: it is not delayed any more. */
void fl_delay_end(filch_job *job);

#endif
