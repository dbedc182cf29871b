/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Running a job: its function, its outcome, its end. No lock, unless a comment says otherwise. */
#ifndef FL_POOL_RUN_JOB_H
#define FL_POOL_RUN_JOB_H

#include <filch/metrics.h>
#include <filch/pool.h>
#include <runtime/pool/callbacks.h>
#include <runtime/sync/timer.h>

/* Why it need not go on: a negative errno, or 0. */
int fl_job_cause(const filch_job *job);
/* Calls its function. Returns its outcome; *why: the failure, code 0: the usual words for that
 * outcome. */
filch_outcome fl_job_run(filch_self self, filch_job *job, filch_failure *why);
/* How long it has been since job->since, which is now after that. */
void fl_job_record(filch_distribution *distribution, filch_job *job);
/* The same; NULL: nothing. */
static inline void fl_job_record_if(filch_distribution *distribution, filch_job *job)
{
    if (FILCH_UNLIKELY(distribution))
        fl_job_record(distribution, job);
}

/* A job whose function has returned for good, but which still counts as running. */
typedef struct fl_ended {
    filch_job *job;
    filch_outcome outcome;
    filch_failure why;
    bool tells; /* its outcome is still to be told */
} fl_ended;

/* Runs a job in progress, and ends it. */
void fl_job_perform(filch_self self, filch_job *job);
/* The same, but true: the caller ends it, by fl_job_finish or by fl_job_end. */
bool fl_job_perform_but_end(filch_self self, filch_job *job, fl_ended *ended);
void fl_job_finish(filch_self self, fl_ended *ended);
struct fl_after;
/* Under the lock, after which the caller calls fl_job_drop; false: fl_job_end_aloud instead. */
bool fl_job_end(filch_self self, fl_ended *ended, struct fl_after *after);
/* No lock; it is held on return. */
void fl_job_end_aloud(filch_self self, const fl_ended *ended, struct fl_after *after);

/* ---- Attempts ---- */

/* Attempts at a job, and the stages that each passes, from the outside in:
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
 *   DELAYED   the timer thread, at the time           WAITING: to the end of its row, even if
 *                                                     full (one that waited for its first call
 *                                                     keeps its date, and so its age); RUNNING if it runs beyond the
 *                                                     width (FILCH_FULL_RUN): the submitter may
 *                                                     hold the runner for which it would wait
 *   DELAYED   its decider: stops the timer            ENDED
 *
 * Cancelling sets a cause, then takes the pool's lock and looks at the stage: either it finds the
 * job DELAYED, or the runner finds the cause.
 * The timer is a pending callback (runtime/pool/callbacks.h). The job's task calls users'
 * functions under no lock, and they may panic, as a detached task's panic. If a handler then lets
 * the program go on, there is no retry, a refusal, or no letter.
 * Locks: the timer thread's is taken under the pool's. */

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
