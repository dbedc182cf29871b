/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submission of many jobs, a batch at a time. All jobs of a batch for which there is room take the
 * lock once; in direct pools they take one count and one hand-over (runtime/pool/direct.h). Batches
 * are small, so runners do not wait long for the lock, and all fits on a stack. Jobs with options of
 * their own are of one batch as long as they take the same way: all plain jobs of a direct pool, or
 * none, and with one results list. */
#include <runtime/pool/direct.h>
#include <runtime/pool/job.h>
#include <runtime/pool/results.h>
#include <runtime/pool/submissions.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/submit.h>

#include <errno.h>

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
static int submit_some(filch_pool *pool, const batch *some, int64_t until, unsigned *accepted)
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
static int submit(filch_pool *pool, const fl_submissions *jobs, size_t count, int64_t until,
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
            rc = submit_some(pool, &some, until, &taken);
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
    int rc = submit(pool, &jobs, wrong ? 0 : count, until, accepted);
    return wrong ? wrong : rc;
}

int filch_pool_submit_each(filch_pool *pool, const filch_submission each[], size_t count,
                           int64_t until, size_t *accepted)
{
    FL_MAY_LIVE(pool);
    const fl_submissions jobs = {.each = each};
    const bool right = pool && (each || !count);
    int rc = submit(pool, &jobs, right ? count : 0, until, accepted);
    return right ? rc
                 : fl_fail(EINVAL, "filch_pool_submit_each without %s; give it one",
                           pool ? "an array of jobs" : "a pool");
}
