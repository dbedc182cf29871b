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
#include <runtime/pool/deadlines.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/handle.h>
#include <runtime/pool/intake.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/results.h>
#include <runtime/pool/run_job.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_queue.h>

#include <errno.h>
#include <search.h>
#include <string.h>

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
    return refuse(pool,
                  fl_explained_by(-EAGAIN, "the pool is full, and refuses jobs then "
                                           "(FILCH_FULL_REJECT); submit the job again later"));
}

/* Each possible runner waits for room, or is about to: the caller's. While fewer runners are in use
 * than the width, another will come when the permit or the retry is due for which the queue
 * waits. */
static bool nobody_makes_room(const filch_pool *pool)
{
    const filch_pool_stats *now = &pool->stats;
    return fl_pool_is_full(pool, 1) && pool->runners.stranded + 1 >= pool->runners.active &&
           !fl_elastic_will_grow(&pool->width.elastic, (unsigned)now->width,
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
                       .inside = fl_job_here(pool) && fl_fiber_here()->running.on_runner,
                       .prompt = !is_patient(pool, until)};
    fl_after after = {0};
    filch_context *context = known_context(job);
    int64_t deadline = fl_job_deadline(job);
    if (until && as.inside && nobody_makes_room(pool))
        return refuse(pool, fl_fail(EDEADLK,
                                    "all jobs of full pool %.20s wait for room; raise its "
                                    "capacity, or try (a time of 0)",
                                    pool->config.name));
    pool->runners.stranded += as.inside;
    const int64_t now = fl_now();
    if (pool->dates)
        job->since = now;
    fl_elastic_mind_submitter(pool, now);
    fl_waits_in("filch_pool_submit", pool);
    filch_context_retain(context);
    int rc = fl_wait_queue_wait_looking(&pool->queue.room, &as, now + ADMIT_LOOK,
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
    fl_lock(&pool->queue.room.lock);
    fl_job_begin(job);
    fl_pool_called_back(pool);
    fl_pool_leave(pool, &(fl_after){0});
    fl_job_perform(self, job);
}

void fl_pool_run_beyond(filch_pool *pool, filch_job *job, fl_after *after)
{
    fl_job_become(job, FL_JOB_RUNNING);
    fl_work_item_be_part(&job->item, run_now);
    pool->rest.pending_callbacks++;
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
static filch_job *oldest_queued(filch_pool *pool)
{
    const uint64_t free = fl_pool_free_places(pool), waiting = pool->stats.waiting;
    if (waiting <= free)
        return fl_pool_meets(pool) ? NULL : pool->order.delayed.first;
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

static int refuse_time(const filch_job_options *options, int64_t until)
{
    if (until < 0)
        return fl_fail(EINVAL, "until of filch_pool_submit: %lld (a time from filch_in(), or 0)",
                       (long long)until);
    bool total = options->timeout < 0;
    return fl_fail(EINVAL, "%s of filch_pool_submit: %lld (0 or more nanoseconds)",
                   total ? "timeout" : "run_timeout",
                   (long long)(total ? options->timeout : options->run_timeout));
}

int fl_jobs_check(const filch_pool *pool, filch_job_fn *fn, const filch_job_options *options,
                  int64_t until)
{
    if (!pool || !fn)
        return fl_fail(EINVAL, "filch_pool_submit without %s; pass one",
                       pool ? "a function" : "a pool");
    if (options->priority >= FILCH_PRIORITIES)
        return fl_fail(EINVAL, "job priority %u is out of range (0..%d)", options->priority,
                       FILCH_PRIORITIES - 1);
    if ((options->timeout | options->run_timeout | until) < 0)
        return refuse_time(options, until);
    if (filch_u32_load(&pool->closed, FILCH_RELAXED)) /* relaxed: asked again in time */
        return 0;
    return fl_refused_by(filch_context_cause(options->context ? options->context : pool->context));
}

/* Reserves its key and a place for its deadline, before it is accepted. */
static int prepare(filch_job *job)
{
    const fl_job_rare *rare = fl_rare(job);
    int rc = rare && rare->has_key && !rare->keyed ? fl_key_take(job) : 0;
    return rc || !fl_is_own(job) ? rc : fl_due_enter(job);
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
    const bool behind = fl_waiters_any(&pool->queue.room.waiters) && is_patient(pool, until);
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

/* Needs nothing before it is accepted: no alarm within a second, key, context, or room in a results
 * list. */
static bool is_light(const filch_job *job)
{
    const fl_job_more *more = fl_more(job);
    if (!more)
        return true;
    return !more->results && !fl_rare(job) &&
           (more->deadline == FILCH_FOREVER || fl_due_is_far(job));
}

/* No lock. false: it has to be submitted under the lock. */
static bool enters_intake(filch_pool *pool, filch_job *job)
{
    if (!pool->intake.used || !is_light(job))
        return false;
    fl_job_date(job);
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

int fl_pool_submit_at(const filch_place *place, filch_job **out, filch_pool *pool, filch_job_fn *fn,
                      void *data, const filch_job_options *options, int64_t until)
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
    return fl_pool_submit_at(NULL, out, pool, fn, data, options, until);
}

/* ---- Many at once ---- */

/* Submission of many jobs, a batch at a time. All jobs of a batch for which there is room take the
 * lock once; in direct pools they take one count and one hand-over (runtime/pool/direct.h). Batches
 * are small, so runners do not wait long for the lock, and all fits on a stack. Jobs with options of
 * their own are of one batch as long as they take the same way: all plain jobs of a direct pool, or
 * none, and with one results list. */

/* Jobs that one hand-over takes. */
typedef struct batch {
    const fl_submissions *jobs;
    size_t first;
    unsigned count; /* at most FL_BATCH */
} batch;

static filch_results *results_of(const filch_pool *pool, const filch_job_options *options)
{
    return options->results ? options->results : pool->config.results;
}

static filch_context *context_of(const filch_pool *pool, const filch_job_options *options)
{
    return options->context ? options->context : pool->context;
}

static bool is_direct(const filch_pool *pool, const filch_job_options *options)
{
    return pool->direct.tallies && fl_job_is_plain(pool, options, false);
}

/* Does a job with the options b go the way of one with a? A wait for room in a results list ends
 * with the context, so that it counts there. */
static bool go_together(const filch_pool *pool, const filch_job_options *a,
                        const filch_job_options *b)
{
    if (a == b)
        return true;
    const filch_results *results = results_of(pool, a);
    return is_direct(pool, a) == is_direct(pool, b) && results == results_of(pool, b) &&
           (!results || context_of(pool, a) == context_of(pool, b));
}

/* Shortens a batch of jobs with options of their own to those that go together and are in order.
 * Returns the error in the first. */
static int cut(batch *some, const filch_pool *pool, int64_t until)
{
    const filch_submission head = fl_submission(some->jobs, some->first);
    int rc = fl_jobs_check(pool, head.fn, head.options, until);
    unsigned count = 1;
    for (bool same = !rc; same && count < some->count; count += same) {
        const filch_submission one = fl_submission(some->jobs, some->first + count);
        same = go_together(pool, head.options, one.options) &&
               !fl_jobs_check(pool, one.fn, one.options, until);
    }
    some->count = count;
    return rc;
}

/* Returns how many were made; if fewer than count, *rc is the error of the next. */
static unsigned make(filch_job **jobs, filch_pool *pool, const batch *of, unsigned count, int *rc)
{
    unsigned made = 0;
    *rc = 0;
    while (made < count && !*rc) {
        const filch_submission one = fl_submission(of->jobs, of->first + made);
        *rc = fl_job_make(&jobs[made], pool, one.fn, one.data, one.options, false);
        made += !*rc;
    }
    return made;
}

/* Those for which there is room in the results list, and memory; whether there is some for the next
 * is asked when these are submitted. */
static int submit_batch(filch_pool *pool, const batch *some, int64_t until, unsigned *accepted)
{
    filch_job *jobs[FL_BATCH];
    const filch_job_options *options = fl_submission(some->jobs, some->first).options;
    filch_results *results = results_of(pool, options);
    unsigned granted;
    int rc =
        fl_results_expect(results, pool, context_of(pool, options), until, some->count, &granted);
    if (rc)
        return rc;
    unsigned made = make(jobs, pool, some, granted, &rc);
    if (made)
        rc = fl_jobs_submit(pool, jobs, made, until, accepted);
    fl_results_refused(results, granted - *accepted);
    for (unsigned i = *accepted; i < made; i++)
        fl_job_give_up(jobs[i]);
    return rc;
}

/* *accepted, if given, counts those that were accepted. */
static int submit_jobs(filch_pool *pool, const fl_submissions *jobs, size_t count, int64_t until,
                       size_t *accepted)
{
    size_t done = 0;
    int rc = 0;
    while (!rc && done < count) {
        unsigned taken = 0, most = count - done < FL_BATCH ? (unsigned)(count - done) : FL_BATCH;
        batch some = {jobs, done, most};
        rc = jobs->each ? cut(&some, pool, until) : 0;
        if (!rc && is_direct(pool, fl_submission(jobs, done).options))
            rc = fl_direct_submit_all(pool, jobs, done, some.count, &taken);
        else if (!rc)
            rc = submit_batch(pool, &some, until, &taken);
        done += taken;
    }
    if (accepted)
        *accepted = done;
    return rc;
}

int filch_pool_submit_all(filch_pool *pool, filch_job_fn *fn, void *const data[], size_t count,
                          const filch_job_options *options, int64_t until, size_t *accepted)
{
    FL_MAY_LIVE(pool);
    static const filch_job_options plain;
    const fl_submissions jobs = {.all = {fn, NULL, options ? options : &plain}, .data = data};
    int wrong = fl_jobs_check(pool, fn, jobs.all.options, until);
    int rc = submit_jobs(pool, &jobs, wrong ? 0 : count, until, accepted);
    return wrong ? wrong : rc;
}

int filch_pool_submit_each(filch_pool *pool, const filch_submission each[], size_t count,
                           int64_t until, size_t *accepted)
{
    FL_MAY_LIVE(pool);
    const fl_submissions jobs = {.each = each};
    const bool right = pool && (each || !count);
    int rc = submit_jobs(pool, &jobs, right ? count : 0, until, accepted);
    return right ? rc
                 : fl_fail(EINVAL, "filch_pool_submit_each without %s; pass one",
                           pool ? "an array of jobs" : "a pool");
}

/* ---- Keys ---- */

/* Keys of jobs: of the jobs with the same key, only one has no outcome yet. A tree of libc's. */

static int compare(const void *a, const void *b)
{
    const filch_job *left = a, *right = b;
    return strcmp(fl_rare(left)->key, fl_rare(right)->key);
}

int fl_key_take(filch_job *job)
{
    filch_job **holder = tsearch(job, &job->pool->keys, compare);
    if (!holder)
        return fl_fail(ENOMEM, "no memory for a job's key; wait for some to end");
    if (*holder != job)
        return fl_fail(EEXIST, "a job with the key %s is not done; wait for it", fl_rare(job)->key);
    fl_rare(job)->keyed = true;
    return 0;
}

void fl_key_leave(filch_job *job)
{
    fl_job_rare *rare = fl_rare(job);
    if (!rare || !rare->keyed)
        return;
    rare->keyed = false;
    tdelete(job, &job->pool->keys, compare);
}
