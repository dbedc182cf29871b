/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools, jobs by their behaviour and outcome, submitters, and dead letters. */
#ifndef SUPPORT_POOLS_H
#define SUPPORT_POOLS_H

#include <filch/dead_letters.h>
#include <filch/limiter.h>
#include <filch/pool.h>
#include <pthread.h>
#include <stdbool.h>
#include <tests/support/tasks.h>

/* Its queue is as long as it gets unless the test says otherwise. */
filch_pool *pool_of(filch_pool_config config);
filch_pool_stats stats_of(const filch_pool *pool);
/* A job that is accepted. options: NULL for none. */
filch_job *job_of(filch_pool *pool, filch_job_fn *fn, void *data, const filch_job_options *options);

/* ---- Jobs that end ---- */

int succeeds(filch_self self, filch_job *job, void *data);
int fails(filch_self self, filch_job *job, void *data);
/* With the data of its submission: RETURNED(code). */
int returns(filch_self self, filch_job *job, void *code);
#define RETURNED(code) ((void *)(intptr_t)(code))
int panics(filch_self self, filch_job *job, void *data);
int waits_for_its_context(filch_self self, filch_job *job, void *data);
/* Those that are in progress at once. */
typedef struct job_crowd {
    filch_u32 now, most;
} job_crowd;

int meets_others(filch_self self, filch_job *job, void *data);

/* ---- Outcomes of jobs ---- */

/* Of those whose data it is, or begins with it. */
typedef struct fate {
    signpost told[FILCH_OUTCOMES], dropped;
    signpost without;  /* data, which was a letter's by then */
    filch_failure why; /* if there was one; of a single job */
} fate;

void fate_told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data);
/* Of data that several jobs share. */
void fate_counted(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data);
extern fate *fate_of_letter; /* of the only job */
/* The same where there may be letters, whose the data is then. */
void fate_told_apart(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data);
void fate_dropped(void *data);
/* How many outcomes were reported. */
uint32_t fate_count(const fate *of);
/* The only one's. */
filch_outcome fate_outcome(const fate *of);

/* ---- Jobs that block ---- */

/* Begins, and continues when `go` is raised. */
typedef struct gate {
    signpost begun, go;
} gate;

int stand_still(filch_self self, filch_job *job, void *arg);
/* As stand_still, and lets nobody else have its worker, regardless of its context. */
int hog(filch_self self, filch_job *job, void *arg);
/* The pool's only runner is busy when this returns: the next submitted job waits. */
void block(filch_pool *pool, gate *at);

/* ---- The deadlines that a pool watches ---- */

size_t deadlines_of(filch_pool *pool);

/* ---- Jobs that fail a given number of times ---- */

typedef struct stubborn {
    fate end; /* first */
    unsigned failures;
    int code; /* of those; 0: it panics */
    filch_u32 calls;
} stubborn;

int fails_for_now(filch_self self, filch_job *job, void *arg);
void stubborn_run(filch_pool *pool, stubborn *one);
/* Its first attempt has failed, or it has no permit. */
filch_job *delayed_job(filch_pool *pool, stubborn *one);

/* ---- Submitters ---- */

/* Threads that submit one job each, and wait for room in a pool. */

typedef struct submitter {
    filch_pool *pool;
    int64_t until;
    pthread_t thread;
    signpost over;
    int rc;
} submitter;

void submitter_begins_until(submitter *it, filch_pool *pool, int64_t until);
void submitter_begins(submitter *it, filch_pool *pool);
void submitter_has_ended(submitter *it, int rc);
/* Until so many wait for room. */
void wait_for_submitters(filch_pool *pool, unsigned count);

/* ---- Dead letters whose payloads record their outcome ---- */

typedef struct payload {
    unsigned number;
    signpost dropped, submitted;
} payload;

void payload_drop(void *data);
filch_dead_letter_draft draft_of(payload *one);
/* A filch_requeue_fn; arg: NULL, or a code with which it fails. */
int payload_submit(const filch_dead_letter *letter, void *arg);

filch_dead_letter_queue *dead_letters_of(filch_dead_letter_queue_config config);
uint64_t put_one(filch_dead_letter_queue *letters, payload *one);
filch_dead_letter_queue_stats dead_letters_stats(filch_dead_letter_queue *letters);
/* No call is running: everything is accounted for. */
void dead_letters_balance(filch_dead_letter_queue *letters);

/* A store in memory that fails. Next return value of each function, if that is not 0. */
typedef struct failing {
    void *memory;
    int put, next, take, settle, remove, trim, count;
    unsigned closed;
} failing;

extern const filch_dead_letter_store failing_store;

/* ---- Permits ---- */

/* Do permits keep to a limit? In no span of time are there more than it allows. */

typedef struct grant {
    int64_t at;
    unsigned permits;
} grant;

int rates_earlier(const void *a, const void *b);
/* `permits` are not too many for `ns` nanoseconds. */
bool rates_allow(filch_limit limit, uint64_t permits, int64_t ns);
/* Spans from any grant to any other. Sorts them. */
bool rates_kept(filch_limit limit, grant *grants, size_t count);

#endif
