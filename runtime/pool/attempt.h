/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Attempts at a job, and the policies that they pass, from the outside in:
 *
 *   retry       decides after an attempt whether there is another, and when
 *   width       one of the pool's runners comes to the job
 *   limiter     the queue's next permit is due (runtime/pool/gate.h); else the job reserves one, and is
 *               delayed until then
 *   breaker     may refuse: that is a failed attempt, with -EHOSTDOWN
 *   function    runs; the breaker is told what came of it
 *   letters     when there is no further attempt, what failed or panicked becomes a dead letter
 *
 * A delayed job holds no runner and no worker:
 *
 *   stage     who                                     becomes
 *   RUNNING   its runner, under the pool's lock:      DELAYED, if it has no outcome, is not
 *             starts the timer                        cancelled, and a timer could be had
 *   DELAYED   the keeper, at the time                 WAITING: to the end of the queue, whatever
 *                                                     its capacity; RUNNING if it goes beyond the
 *                                                     width (FILCH_FULL_RUN): its submitter may hold
 *                                                     the runner for which it would wait
 *   DELAYED   who decides about it: stops the timer   ENDED
 *
 * Cancelling sets a cause, then takes the pool's lock and looks at the stage: either it finds the job
 * DELAYED, or the runner finds the cause.
 * The timer is an errand (runtime/pool/errand.h).
 * Policies are called by the job's task, under no lock, and may panic: a detached task's panic, after
 * which, if a handler lets the program go on, there is no retry, a refusal, or no letter.
 * Locks: the keeper's is taken under the pool's. */
#ifndef FL_ATTEMPT_H
#define FL_ATTEMPT_H

#include <filch/pool.h>
#include <runtime/pool/errand.h>
#include <runtime/sync/timer.h>

typedef struct fl_attempts {
    const filch_retry_policy *policy; /* or NULL */
    filch_retry_state retry;
    filch_reservation permit;
    bool permitted;  /* the permit is for the attempt to come */
    filch_u32 begun; /* by its runner, and read by who has a handle */
    int64_t first;   /* when the first did, */
    int64_t began;   /* and the last */
    fl_timer timer;
    fl_errand over;
} fl_attempts;

/* Has a pool one that jobs pass? */
static inline bool fl_has_policies(const filch_pool_config *config)
{
    return config->limiter || config->breaker || config->retry || config->letters ||
           config->adaptive;
}

/* Of a job that is new. -EINVAL a bad retry policy. */
int fl_attempts_begin(filch_job *job);
/* Its task: what was reserved and not used goes back. */
void fl_attempts_leave(filch_job *job);
/* Its runner: what came of one attempt. *again, unless it is 0: the job has to be delayed until then,
 * and only if that cannot be this is its outcome. */
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
