/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/results.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/pool.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/wait.h>

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
        return fl_fail(
            EBUSY, "the results list still expects %llu jobs of %u pools; destroy it after them",
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

/* ---- Room for results ---- */

/* Room in a results list: submissions wait until takers have made some. */

/* Of a submission that waits. */
typedef struct request {
    uint64_t wanted, granted;
} request;

static uint64_t room(const filch_results *results)
{
    uint64_t used = results->expected + results->length;
    return used < results->bound ? results->bound - used : 0;
}

static uint64_t grant(filch_results *results, uint64_t wanted)
{
    uint64_t free = room(results), granted = wanted < free ? wanted : free;
    results->expected += granted;
    return granted;
}

fl_node *fl_results_admit(filch_results *results)
{
    fl_node *told = NULL, *one;
    while (room(results) && (one = fl_waiters_claim(&results->submitters))) {
        request *its = one->data;
        its->granted = grant(results, its->wanted);
        one->next = told;
        told = one;
    }
    return told;
}

/* ---- Waiting: for the list, beside the end of the pool and of a context ---- */

typedef struct ends {
    fl_node closing, done;
    bool open, waits; /* which of the two stand in their queues */
} ends;

/* The reason for which a wait would be useless; or 0. */
static int enter(ends *beside, filch_pool *pool, filch_context *context)
{
    fl_lock(&pool->queue.room.lock);
    pool->rest.barred++;
    beside->open = !filch_u32_load(&pool->closed, FILCH_RELAXED); /* relaxed: under the lock */
    if (beside->open)
        fl_waiters_add(&pool->rest.closers, &beside->closing);
    fl_unlock(&pool->queue.room.lock);
    fl_lock(&context->lock);
    int cause = filch_context_cause(context);
    beside->waits = !cause;
    if (beside->waits)
        fl_waiters_add(&context->waiters, &beside->done);
    fl_unlock(&context->lock);
    return cause ? cause : beside->open ? 0 : -EPIPE;
}

/* The last touch of the pool. */
static void leave_room(const ends *beside, filch_pool *pool, filch_context *context,
                       const fl_waiter *waiter)
{
    if (beside->waits && waiter->winner != &beside->done) {
        fl_lock(&context->lock);
        fl_waiters_remove(&context->waiters, (fl_node *)(uintptr_t)&beside->done);
        fl_unlock(&context->lock);
    }
    fl_lock(&pool->queue.room.lock);
    if (beside->open && waiter->winner != &beside->closing)
        fl_waiters_remove(&pool->rest.closers, (fl_node *)(uintptr_t)&beside->closing);
    pool->rest.barred--;
    pool->stats.refused += waiter->code != 0;
    fl_pool_leave(pool, &(fl_after){0});
}

static int wait_beside(fl_waiter *waiter, filch_pool *pool, filch_context *context, int64_t until)
{
    ends beside = {.closing.waiter = waiter, .done.waiter = waiter};
    int why = enter(&beside, pool, context);
    if (why && fl_waiter_claim(waiter))
        waiter->code = fl_plainly(why);
    else
        (fl_below_own(context) ? fl_waiter_wait : fl_waiter_wait_cancellable)(waiter, until);
    int code = waiter->code;
    leave_room(&beside, pool, context, waiter);
    return code;
}

/* Why it may not wait. Under the list's lock. */
static int refusal(const filch_results *results, const filch_pool *pool, int64_t until)
{
    if (results->closed)
        return fl_fail(EPIPE, "a job for a results list that is closed; close it after the last "
                              "submission");
    if (pool->config.full == FILCH_FULL_REJECT)
        return fl_explained_by(-EAGAIN, "the results list is full; take results, or submit later");
    return until <= fl_now() ? fl_plainly(-ETIMEDOUT) : 0;
}

int fl_results_expect(filch_results *results, filch_pool *pool, filch_context *context,
                      int64_t until, unsigned wanted, unsigned *granted)
{
    *granted = wanted;
    if (!results)
        return 0;
    fl_lock(&results->lock);
    bool free = !results->closed && !fl_waiters_any(&results->submitters) && room(results);
    int rc = free ? 0 : refusal(results, pool, until);
    if (free || rc) {
        *granted = free ? (unsigned)grant(results, wanted) : 0;
        fl_unlock(&results->lock);
        return rc;
    }
    fl_waiter waiter;
    request mine = {.wanted = wanted};
    fl_waiter_here(&waiter);
    fl_node node = {.waiter = &waiter, .data = &mine};
    fl_waiters_add(&results->submitters, &node);
    fl_unlock(&results->lock);
    fl_waits_in("filch_pool_submit", results);
    rc = wait_beside(&waiter, pool, context, until);
    if (waiter.winner != &node) {
        fl_lock(&results->lock);
        fl_waiters_remove(&results->submitters, &node);
        fl_unlock(&results->lock);
    }
    *granted = (unsigned)mine.granted;
    return rc;
}

/* ---- For users ---- */

int filch_results_set_bound(filch_results *results, size_t bound)
{
    FL_ALIVE(results);
    if (!bound)
        return fl_fail(EINVAL, "filch_results_set_bound: bound 0 is out of range (1 or more, "
                               "FILCH_UNLIMITED)");
    fl_lock(&results->lock);
    results->bound = bound;
    fl_node *admitted = fl_results_admit(results);
    fl_unlock(&results->lock);
    fl_tell_list(admitted, 0);
    return 0;
}

size_t filch_results_length(const filch_results *results)
{
    FL_MUST_LIVE(results);
    filch_u32 *lock = (filch_u32 *)(uintptr_t)&results->lock;
    fl_lock(lock);
    size_t length = results->length;
    fl_unlock(lock);
    return length;
}
