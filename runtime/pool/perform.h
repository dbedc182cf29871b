/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Running a job: its function, its outcome, its end. No lock, unless a comment says otherwise. */
#ifndef FL_POOL_PERFORM_H
#define FL_POOL_PERFORM_H

#include <runtime/pool/pool.h>

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
/* Under the lock, after which the caller calls fl_job_drop; false: fl_job_end_aloud instead. */
bool fl_job_end(filch_self self, fl_ended *ended, fl_after *after);
/* No lock; it is held on return. */
void fl_job_end_aloud(filch_self self, const fl_ended *ended, fl_after *after);

#endif
