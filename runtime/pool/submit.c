/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submission: into the queue, or the pool's rule for a full queue. */
#include <runtime/pool/submit.h>

#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/due.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/handle.h>
#include <runtime/pool/intake.h>
#include <runtime/pool/job.h>
#include <runtime/pool/key.h>
#include <runtime/pool/order.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/perform.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/results.h>
#include <runtime/pool/room.h>
#include <runtime/pool/unreleased.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_queue.h>

#include <errno.h>

enum { ADMIT_LOOK = 100000 }; /* ns */

/* ---- The capacity ---- */

int filch_pool_set_capacity(filch_pool *pool, size_t capacity)
{
    FL_ALIVE(pool);
    if (!capacity)
        return fl_fail(EINVAL,
                       "pool %s: capacity 0 is out of range (1 or more, FILCH_RENDEZVOUS, "
                       "FILCH_UNLIMITED)",
                       pool->config.name);
    if (pool->direct.tallies)
        return fl_fail(EINVAL,
                       "pool %s is direct and has no queue; create it with an order, a width, or "
                       "a capacity",
                       pool->config.name);
    fl_after after = {0};
    fl_pool_lock(pool);
    pool->config.capacity = capacity;
    fl_pool_admit_all(pool, &after);
    fl_pool_leave(pool, &after);
    return 0;
}

/* ---- When it is full. The lock is held, and is released ---- */

static int refuse(filch_pool *pool, int rc)
{
    pool->stats.refused++;
    fl_pool_leave(pool, &(fl_after){0});
    return rc;
}

static int reject(filch_pool *pool, filch_job *job, int64_t until)
{
    (void)job, (void)until;
    return refuse(pool, fl_plainly(-EAGAIN));
}

/* Each possible runner waits for room, or is about to: the caller's. While fewer runners are in use
 * than the width, another will come when the permit or the retry is due for which the queue
 * waits. */
static bool nobody_makes_room(const filch_pool *pool)
{
    const filch_pool_stats *now = &pool->stats;
    return fl_pool_is_full(pool, 1) && pool->stranded + 1 >= pool->active &&
           !fl_elastic_will_grow(&pool->elastic, (unsigned)now->width,
                                 now->waiting + now->delayed + fl_pool_presses(pool, 1));
}

/* Of a job that nobody else knows: its own, if it was made with one. */
static filch_context *known_context(const filch_job *job)
{
    filch_context *own = fl_context_of(job);
    return own ? own : job->pool->context;
}

/* It is a thread, and waits for as long as it takes, where jobs wait in a queue. */
static bool is_patient(const filch_pool *pool, int64_t until)
{
    return until == FILCH_FOREVER && !fl_worker_here() && !fl_pool_meets(pool);
}

/* The submitter has waited for some time: see fl_pool_admit. */
static void look(void *submitter)
{
    fl_submitter *one = submitter;
    filch_pool *pool = one->pool;
    fl_after after = {0};
    one->prompt = true;
    if (filch_u32_load(&pool->closed,
                       FILCH_RELAXED)) /* relaxed: under the lock. Closing found it timed out */
        fl_pool_turn_away(pool, &after);
    else
        fl_pool_admit(pool, &after);
    fl_pool_leave(pool, &after);
}

/* Once there is room the job, and its hold of the context, may be gone. */
static int wait_for_room(filch_pool *pool, filch_job *job, int64_t until)
{
    fl_submitter as = {.pool = pool,
                       .job = job,
                       .inside = fl_job_here(pool) && fl_fiber_here()->on_runner,
                       .prompt = !is_patient(pool, until)};
    fl_after after = {0};
    filch_context *context = known_context(job);
    int64_t deadline = fl_job_deadline(job);
    if (until && as.inside && nobody_makes_room(pool))
        return refuse(pool, fl_fail(EDEADLK,
                                    "all jobs of full pool %.20s wait for room; raise its "
                                    "capacity, or try (a time of 0)",
                                    pool->config.name));
    pool->stranded += as.inside;
    job->since = fl_now();
    fl_elastic_mind_submitter(pool, job->since);
    fl_waits_in("filch_pool_submit", pool);
    filch_context_retain(context);
    int rc = fl_wait_queue_wait_looking(&pool->room, &as, job->since + ADMIT_LOOK,
                                        as.prompt ? NULL : look,
                                        until < deadline ? until : deadline, context);
    if (!as.told)
        fl_submitter_told(pool, &as);
    pool->stats.refused += rc != 0;
    fl_pool_admit(pool, &after);
    fl_pool_leave(pool, &after);
    filch_context_release(context);
    return rc == -ETIMEDOUT && deadline <= until ? fl_refused_by(rc) : fl_pool_if_closed(rc);
}

static void run_now(filch_self self, fl_work_item *item)
{
    filch_job *job = (filch_job *)item;
    filch_pool *pool = job->pool;
    fl_lock(&pool->room.lock);
    fl_job_begin(job);
    fl_pool_called_back(pool);
    fl_pool_leave(pool, &(fl_after){0});
    fl_job_perform(self, job);
}

void fl_pool_run_beyond(filch_pool *pool, filch_job *job, fl_after *after)
{
    fl_job_become(job, FL_JOB_RUNNING);
    fl_work_item_be_part(&job->item, run_now);
    pool->pending_callbacks++;
    fl_after_start(after, &job->item);
}

/* On the pool's runtime, beyond its width, while the submitter waits. */
static int run_for_submitter(filch_pool *pool, filch_job *job, int64_t until)
{
    fl_after after = {0};
    if (until <= fl_now())
        return refuse(pool, fl_plainly(-ETIMEDOUT));
    filch_u32_add(&job->refs, 1, FILCH_RELAXED); /* the caller has one */
    job->beyond = true;
    if (fl_job_accept(job, &after))
        fl_pool_run_beyond(pool, job, &after);
    fl_pool_leave(pool, &after);
    fl_job_wait("filch_pool_submit", job, until);
    fl_job_drop(job);
    return 0;
}

static int drop_newest(filch_pool *pool, filch_job *job, int64_t until)
{
    (void)until;
    fl_after after = {0};
    if (fl_job_accept(job, &after))
        fl_job_decide(job, FILCH_DROPPED, NULL, &after);
    fl_pool_leave(pool, &after);
    return 0;
}

/* Of the jobs that count against the capacity; the oldest waiting jobs have the free places. NULL:
 * in a rendezvous no job waits for another. */
static filch_job *oldest_queued(const filch_pool *pool)
{
    const uint64_t free = fl_pool_free_places(pool), waiting = pool->stats.waiting;
    if (waiting <= free)
        return fl_pool_meets(pool) ? NULL : pool->delayed.first;
    return fl_order_nth_oldest(pool, free);
}

static int drop_oldest(filch_pool *pool, filch_job *job, int64_t until)
{
    (void)until;
    fl_after after = {0};
    filch_job *oldest = oldest_queued(pool);
    if (!oldest)
        return drop_newest(pool, job, until);
    if (fl_job_accept(job, &after)) { /* else nobody has to go for it */
        fl_job_decide(oldest, FILCH_DROPPED, NULL, &after);
        fl_pool_queue(pool, job, &after);
    }
    fl_pool_leave(pool, &after);
    return 0;
}
static int (*const when_full[FILCH_FULL_CHOICES])(filch_pool *pool, filch_job *job,
                                                  int64_t until) = {
    [FILCH_FULL_WAIT] = wait_for_room,      [FILCH_FULL_REJECT] = reject,
    [FILCH_FULL_RUN] = run_for_submitter,   [FILCH_FULL_DROP_OLDEST] = drop_oldest,
    [FILCH_FULL_DROP_NEWEST] = drop_newest,
};

/* ---- For users ---- */

int fl_jobs_check(const filch_pool *pool, filch_job_fn *fn, const filch_job_options *options,
                  int64_t until)
{
    if (!pool || !fn)
        return fl_fail(EINVAL, "filch_pool_submit without %s; give it one",
                       pool ? "a function" : "a pool");
    if (options->priority >= FILCH_PRIORITIES)
        return fl_fail(EINVAL, "job priority %u is out of range (0..%d)", options->priority,
                       FILCH_PRIORITIES - 1);
    if ((options->timeout | options->run_timeout | until) < 0)
        return fl_fail(EINVAL,
                       "filch_pool_submit with a negative time; timeout and run_timeout are "
                       "in nanoseconds, until from filch_in()");
    if (filch_u32_load(&pool->closed, FILCH_RELAXED)) /* relaxed: asked again in time */
        return 0;
    return fl_refused_by(filch_context_cause(options->context ? options->context : pool->context));
}

/* Reserves its key and a place for its deadline, before it is accepted. */
static int prepare(filch_job *job)
{
    const fl_job_rare *rare = fl_rare(job);
    int rc = rare && rare->has_key && !rare->keyed ? fl_key_take(job) : 0;
    return rc || !job->own ? rc : fl_due_enter(job);
}

/* As many as there is room for, or one for which there is none. Where there is room, only
 * submitters whose time is over wait. */
static int submit_some(filch_pool *pool, filch_job *const *jobs, unsigned count, int64_t until,
                       unsigned *accepted)
{
    fl_after after = {0};
    unsigned fit = 0;
    fl_pool_lock(pool);
    if (filch_u32_load(&pool->closed, FILCH_RELAXED)) /* relaxed: under the lock */
        return refuse(pool, fl_pool_if_closed(-EPIPE));
    int rc = 0;
    const bool behind = fl_waiters_any(&pool->room.waiters) && is_patient(pool, until);
    if (!behind)
        fl_pool_admit_all(pool, &after);
    while (!behind && fit < count && fl_pool_has_room(pool) && !(rc = prepare(jobs[fit])))
        fl_pool_take_in(pool, jobs[fit++], &after);
    *accepted += fit;
    if (fit || after.told) { /* the next one is refused, if at all, when it is submitted alone */
        fl_pool_leave(pool, &after);
        return 0;
    }
    if (!rc)
        rc = prepare(jobs[0]);
    rc = rc ? refuse(pool, rc) : when_full[pool->config.full](pool, jobs[0], until);
    *accepted += !rc;
    return rc;
}

int fl_jobs_submit(filch_pool *pool, filch_job *const *jobs, unsigned count, int64_t until,
                   unsigned *accepted)
{
    int rc = 0;
    while (!rc && *accepted < count)
        rc = submit_some(pool, jobs + *accepted, count - *accepted, until, accepted);
    return rc;
}

/* Needs nothing before it is accepted: no alarm, key, context, or room in a results list. */
static bool is_light(const filch_job *job)
{
    const fl_job_more *more = fl_more(job);
    return !more || (more->deadline == FILCH_FOREVER && !more->results && !fl_rare(job));
}

/* No lock. false: it has to be submitted under the lock. */
static bool enters_intake(filch_pool *pool, filch_job *job)
{
    if (!pool->intake.used || !is_light(job))
        return false;
    job->since = fl_pool_date(pool);
    return fl_intake_push(pool, job);
}

static int submit(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                  const filch_job_options *options, int64_t until)
{
    FL_ALIVE_IN("filch_pool_submit", pool);
    static const filch_job_options plain;
    if (!options)
        options = &plain;
    int rc = fl_jobs_check(pool, fn, options, until);
    if (rc)
        return rc;
    if (pool->direct.tallies && fl_job_is_plain(pool, options, out != NULL))
        return fl_direct_submit(pool, fn, data, options);
    filch_job *job = NULL;
    rc = fl_job_make(&job, pool, fn, data, options, out != NULL);
    if (rc)
        return rc;
    if (enters_intake(pool, job)) {
        if (out)
            *out = job;
        return 0;
    }
    filch_results *results = fl_more(job) ? job->more->results : NULL;
    unsigned accepted = 0, granted;
    int64_t deadline = fl_job_deadline(job);
    rc = fl_results_expect(results, pool, known_context(job), until < deadline ? until : deadline,
                           1, &granted);
    if (!rc) {
        rc = fl_jobs_submit(pool, &job, 1, until, &accepted);
        fl_results_refused(results, 1 - accepted);
    }
    if (rc)
        fl_job_give_up(job);
    else if (out)
        *out = job;
    return rc;
}

int filch_pool_submit_from(const filch_place *place, filch_job **out, filch_pool *pool,
                           filch_job_fn *fn, void *data, const filch_job_options *options,
                           int64_t until)
{
    int rc = submit(out, pool, fn, data, options, until);
    if (!rc && out)
        fl_unreleased_add(*out, place);
    return rc;
}

#undef filch_pool_submit /* the macro of FILCH_DEBUG */
int filch_pool_submit(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                      const filch_job_options *options, int64_t until)
{
    return filch_pool_submit_from(NULL, out, pool, fn, data, options, until);
}
