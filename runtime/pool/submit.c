/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submission: into the queue, or what the pool does when that is full. */
#include <runtime/pool/order.h>
#include <runtime/pool/results.h>

#include <runtime/core/call.h>
#include <runtime/core/error.h>

#include <errno.h>

/* ---- Under the lock ---- */

bool fl_pool_has_room(const filch_pool *pool)
{
    return !pool->config.capacity ||
           pool->stats.waiting + pool->stats.delayed < pool->config.capacity;
}

void fl_pool_queue(filch_pool *pool, filch_job *job, fl_after *after)
{
    job->stage = FL_JOB_WAITING;
    fl_order_add(pool, job);
    pool->stats.waiting++;
    if (pool->direct.tallies)
        fl_direct_take_in(job, after);
    else
        fl_pool_rouse(pool, after);
}

void fl_pool_take_in(filch_pool *pool, filch_job *job, fl_after *after)
{
    if (fl_job_accept(job, after))
        fl_pool_queue(pool, job, after);
}

void fl_pool_admit(filch_pool *pool, fl_after *after)
{
    while (fl_waiters_any(&pool->room.waiters) && fl_pool_has_room(pool)) {
        fl_node *node = fl_waiters_claim(&pool->room.waiters);
        if (!node)
            return;
        fl_submitter *one = node->data;
        fl_submitter_told(pool, one);
        fl_pool_take_in(pool, one->job, after);
        node->next = after->told;
        after->told = node;
    }
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

/* Each runner that there may be waits for room, or is about to: the caller's. While the pool is not so wide
 * in use as it may be, another will come, when the permit or the retry is due for which the queue waits. */
static bool nobody_makes_room(const filch_pool *pool)
{
    const filch_pool_stats *now = &pool->stats;
    return fl_pool_is_full(pool, 1) && pool->stranded + 1 >= pool->active &&
           !fl_elastic_will_grow(&pool->elastic, (unsigned)now->width, now->waiting + now->delayed);
}

/* Once there is room the job, and its hold of the context, may be gone. */
static int wait_for_room(filch_pool *pool, filch_job *job, int64_t until)
{
    fl_submitter as = {job, fl_job_here(pool) && fl_fiber_here()->on_runner, false};
    filch_context *context = filch_job_context(job);
    int64_t deadline = filch_context_deadline(context);
    if (until && as.inside && nobody_makes_room(pool))
        return refuse(pool, fl_fail(EDEADLK,
                                    "all jobs of full pool %.20s wait for room; raise its "
                                    "capacity, or try (a time of 0)",
                                    pool->config.name));
    pool->stranded += as.inside;
    fl_waits_in("filch_pool_submit", pool);
    filch_context_retain(context);
    int rc = fl_line_wait(&pool->room, &as, until < deadline ? until : deadline, context);
    if (!as.told)
        fl_submitter_told(pool, &as);
    pool->stats.refused += rc != 0;
    fl_pool_leave(pool, &(fl_after){0});
    filch_context_release(context);
    return rc;
}

static void run_now(filch_self self, fl_job *item)
{
    filch_job *job = (filch_job *)item;
    filch_pool *pool = job->pool;
    fl_lock(&pool->room.lock);
    fl_job_begin(job);
    pool->errands--;
    fl_pool_leave(pool, &(fl_after){0});
    fl_job_perform(self, job);
}

void fl_pool_run_beyond(filch_pool *pool, filch_job *job, fl_after *after)
{
    job->stage = FL_JOB_RUNNING;
    fl_job_be_part(&job->item, run_now);
    pool->errands++;
    fl_after_start(after, &job->item);
}

/* On the pool's runtime, beyond its width, while the submitter waits. */
static int run_for_submitter(filch_pool *pool, filch_job *job, int64_t until)
{
    (void)until;
    fl_after after = {0};
    filch_u32_add(&job->refs, 1, FILCH_RELAXED); /* the caller has one */
    job->more->beyond = true;
    if (fl_job_accept(job, &after))
        fl_pool_run_beyond(pool, job, &after);
    fl_pool_leave(pool, &after);
    filch_job_wait(job, FILCH_FOREVER);
    fl_job_drop(job);
    return 0;
}

static int drop_oldest(filch_pool *pool, filch_job *job, int64_t until)
{
    (void)until;
    fl_after after = {0};
    filch_job *oldest = pool->by_age.first ? pool->by_age.first : pool->delayed.first;
    if (fl_job_accept(job, &after)) { /* else nobody has to go for it */
        fl_job_decide(oldest, FILCH_DROPPED, NULL, &after);
        fl_pool_queue(pool, job, &after);
    }
    fl_pool_leave(pool, &after);
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

static int (*const when_full[FILCH_FULL_POLICIES])(filch_pool *pool, filch_job *job,
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
        return fl_fail(EINVAL, "a job of priority %u; %d is the highest", options->priority,
                       FILCH_PRIORITIES - 1);
    if (options->timeout < 0 || until < 0)
        return fl_fail(EINVAL, "filch_pool_submit with a negative time; timeout is in nanoseconds "
                               "from now, until from filch_in()");
    if (filch_u32_load(&pool->closed, FILCH_RELAXED)) /* relaxed: asked again in time */
        return 0;
    return filch_context_cause(options->context ? options->context : pool->context);
}

/* If it has one. */
static int take_key(filch_job *job)
{
    return fl_more(job) && job->more->key ? fl_key_take(job) : 0;
}

/* As many as there is room for, or one for which there is none. Where there is room, nobody waits
 * whose time is not over. */
static int submit_some(filch_pool *pool, filch_job *const *jobs, unsigned count, int64_t until,
                       unsigned *accepted)
{
    fl_after after = {0};
    unsigned fit = 0;
    fl_lock(&pool->room.lock);
    if (filch_u32_load(&pool->closed, FILCH_RELAXED)) /* relaxed: under the lock */
        return refuse(pool, fl_plainly(-EPIPE));
    int rc = 0;
    while (fit < count && fl_pool_has_room(pool) && !(rc = take_key(jobs[fit])))
        fl_pool_take_in(pool, jobs[fit++], &after);
    *accepted += fit;
    if (fit) { /* whatever keeps the next out is seen when that is asked for alone */
        fl_pool_leave(pool, &after);
        return 0;
    }
    if (!rc)
        rc = take_key(jobs[0]);
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

void fl_job_give_up(filch_job *job)
{
    filch_pool *pool = job->pool;
    if (fl_more(job)) {
        fl_lock(&pool->room.lock);
        fl_key_leave(job);
        fl_unlock(&pool->room.lock);
    }
    fl_job_unmake(job);
}

int filch_pool_submit(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                      const filch_job_options *options, int64_t until)
{
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
    filch_results *results = fl_more(job) ? job->more->options.results : NULL;
    unsigned accepted = 0;
    rc = fl_results_expect(results, 1);
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
