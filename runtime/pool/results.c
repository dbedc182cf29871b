/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/results.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>

#include <errno.h>
#include <stdlib.h>

/* ---- Under the lock, which is released ---- */

/* `served`: the waiter that has been given a job, or NULL. The last touch of the list. */
static void leave(filch_results *results, fl_node *served)
{
    bool over = results->closed && !results->expected;
    fl_node *told = over ? fl_waiters_claim_all(&results->takers, NULL) : NULL;
    fl_node *admitted = fl_results_admit(results);
    fl_unlock(&results->lock);
    fl_tell_list(admitted, 0);
    if (served)
        fl_waiter_tell(served->waiter, served, 0);
    fl_tell_list(told, -EPIPE);
}

/* ---- What comes ---- */

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
    job->more->in.next_result = NULL;
    if (results->first)
        results->last->more->in.next_result = job;
    else
        results->first = job;
    results->last = job;
    results->length++;
}

void fl_results_deliver(filch_job *job)
{
    filch_results *results = fl_more(job) ? job->more->results : NULL;
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
    FL_GIVEN(out);
    filch_results *results = calloc(1, sizeof *results);
    if (!results)
        return fl_fail(ENOMEM, "no memory for a results list; free some");
    results->bound = FILCH_UNLIMITED;
    fl_life_begin(&results->life);
    *out = results;
    return 0;
}

int filch_results_destroy(filch_results *results)
{
    FL_MAY_LIVE(results);
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
    fl_dismiss(&results->lock, &results->submitters);
    fl_lock(&results->lock);
    fl_dismiss(&results->lock, &results->takers);
    for (filch_job *job = results->first, *next; job; job = next) {
        next = job->more->in.next_result;
        filch_job_release(job);
    }
    fl_life_end(&results->life);
    free(results);
    return 0;
}

void filch_results_close(filch_results *results)
{
    FL_MUST_LIVE(results);
    fl_lock(&results->lock);
    results->closed = true;
    fl_node *refused = fl_waiters_claim_all(&results->submitters, NULL);
    leave(results, NULL);
    fl_tell_list(refused, -EPIPE);
}

/* ---- Taking ---- */

static int all_taken(int rc)
{
    return fl_if_closed(rc,
                        "filch_results_close has closed this results list, and all its jobs have "
                        "been taken; stop taking");
}

int filch_results_take(filch_results *results, filch_job **out, int64_t until)
{
    FL_ALIVE(results);
    FL_GIVEN(out);
    fl_lock(&results->lock);
    filch_job *job = results->first;
    if (job) {
        results->first = job->more->in.next_result;
        results->length--;
        leave(results, NULL);
        *out = job;
        return 0;
    }
    if (results->closed && !results->expected) {
        fl_unlock(&results->lock);
        return all_taken(-EPIPE);
    }
    fl_waits_in("filch_results_take", results);
    return all_taken(fl_wait_cancellable(&results->lock, &results->takers, out, until));
}
