/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/results.h>

#include <runtime/core/error.h>
#include <runtime/pool/pool.h>

#include <errno.h>
#include <stdlib.h>

/* ---- Under the lock, which is released ---- */

/* `served`: who has been given a job, or NULL. The last touch of the list. */
static void leave(filch_results *results, fl_node *served)
{
    bool over = results->closed && !results->expected;
    fl_node *told = over ? fl_waiters_claim_all(&results->takers, NULL) : NULL;
    fl_unlock(&results->lock);
    if (served)
        fl_waiter_tell(served->waiter, served, 0);
    fl_tell_list(told, -EPIPE);
}

/* ---- What comes ---- */

int fl_results_expect(filch_results *results, uint64_t count)
{
    if (!results)
        return 0;
    fl_lock(&results->lock);
    bool closed = results->closed;
    if (!closed)
        results->expected += count;
    fl_unlock(&results->lock);
    return closed ? fl_fail(EPIPE, "a job for a results list that is closed; close it after the "
                                   "last submission")
                  : 0;
}

void fl_results_refused(filch_results *results, uint64_t count)
{
    if (!results || !count)
        return;
    fl_lock(&results->lock);
    results->expected -= count;
    leave(results, NULL);
}

static void put(filch_results *results, filch_job *job)
{
    job->more->next_result = NULL;
    if (results->first)
        results->last->more->next_result = job;
    else
        results->first = job;
    results->last = job;
}

void fl_results_deliver(filch_job *job)
{
    filch_results *results = fl_more(job) ? job->more->options.results : NULL;
    if (!results)
        return;
    filch_u32_add(&job->refs, 1, FILCH_RELAXED); /* the caller has one */
    fl_lock(&results->lock);
    results->expected--;
    fl_node *taker = fl_waiters_claim(&results->takers);
    if (taker)
        *(filch_job **)taker->data = job;
    else
        put(results, job);
    leave(results, taker);
}

/* ---- Life ---- */

void fl_results_enter(filch_results *results)
{
    if (!results)
        return;
    fl_lock(&results->lock);
    results->pools++;
    fl_unlock(&results->lock);
}

void fl_results_leave(filch_results *results)
{
    if (!results)
        return;
    fl_lock(&results->lock);
    results->pools--;
    fl_unlock(&results->lock);
}

int filch_results_create(filch_results **out)
{
    if (!out)
        return fl_fail(EINVAL, "filch_results_create without a place for the list; give it one");
    filch_results *results = calloc(1, sizeof *results);
    if (!results)
        return fl_fail(ENOMEM, "no memory for a results list; free some");
    *out = results;
    return 0;
}

int filch_results_destroy(filch_results *results)
{
    if (!results)
        return 0;
    fl_lock(&results->lock);
    uint64_t expected = results->expected;
    unsigned pools = results->pools;
    if (expected || pools) {
        fl_unlock(&results->lock);
        return fl_fail(EBUSY,
                       "a results list with %llu jobs to come, of %u pools; destroy it after those",
                       (unsigned long long)expected, pools);
    }
    fl_dismiss(&results->lock, &results->takers);
    for (filch_job *job = results->first, *next; job; job = next) {
        next = job->more->next_result;
        fl_job_drop(job);
    }
    free(results);
    return 0;
}

void filch_results_close(filch_results *results)
{
    fl_lock(&results->lock);
    results->closed = true;
    leave(results, NULL);
}

/* ---- Taking ---- */

int filch_results_take(filch_results *results, filch_job **out, int64_t until)
{
    if (!results || !out)
        return fl_fail(EINVAL, "filch_results_take without %s; give it one",
                       results ? "a place for the job" : "a list");
    fl_lock(&results->lock);
    filch_job *job = results->first;
    if (job) {
        results->first = job->more->next_result;
        fl_unlock(&results->lock);
        *out = job;
        return 0;
    }
    if (results->closed && !results->expected) {
        fl_unlock(&results->lock);
        return fl_plainly(-EPIPE);
    }
    fl_waits_in("filch_results_take", results);
    return fl_wait(&results->lock, &results->takers, out, until);
}
