/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Operations on a job through a handle. */
#include <runtime/pool/handle.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/memory/prefetch.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/sync/future.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void filch_job_release(filch_job *job)
{
    if (job && !fl_more(job))
        filch_die(
            "filch_job_release of a job without a handle, or of one that was released; release "
            "each handle that filch_pool_submit writes to `out` once");
    if (!job)
        return;
    filch_pool *pool = job->pool;
    fl_unreleased_remove(job);
    fl_job_drop(job);
    fl_pool_drop(pool);
}

/* For a holder of a handle: the job may still be in the intake. */
static uint64_t id_by_handle(const filch_job *job)
{
    fl_pool_lock_for(job);
    uint64_t id = job->id;
    fl_unlock(&job->pool->queue.room.lock);
    return id;
}

uint64_t filch_job_id(const filch_job *job)
{
    FL_MUST_GIVE(job);
    bool may_be_in_intake = fl_more(job) && job->own && job->pool->intake.used;
    return may_be_in_intake && fl_job_here(job->pool) != job ? id_by_handle(job) : job->id;
}

void *filch_job_data(const filch_job *job)
{
    FL_MUST_GIVE(job);
    return job->data;
}

const char *filch_job_name(const filch_job *job)
{
    FL_MUST_GIVE(job);
    return job->name;
}

filch_context *filch_job_context(const filch_job *job)
{
    FL_MUST_GIVE(job);
    return fl_more(job) && job->own ? fl_job_own_context((filch_job *)(uintptr_t)job)
                                    : job->pool->context;
}

unsigned filch_job_attempts(const filch_job *job)
{
    FL_MUST_GIVE(job);
    const fl_job_trials *trials = fl_trials(job);
    return trials ? filch_u32_load(&trials->attempts.begun, FILCH_RELAXED)
                  : 0; /* relaxed: a number of its own */
}

filch_traceparent filch_job_trace(const filch_job *job)
{
    FL_MUST_GIVE(job);
    const fl_job_rare *rare = fl_rare(job);
    return rare ? rare->trace : (filch_traceparent){0};
}

filch_outcome filch_job_outcome(const filch_job *job)
{
    FL_MUST_GIVE(job);
    if (fl_has_succeeded(job))
        return FILCH_SUCCEEDED;
    filch_pool *pool = job->pool;
    fl_lock(&pool->queue.room.lock);
    filch_outcome outcome = (filch_outcome)job->outcome;
    fl_unlock(&pool->queue.room.lock);
    return outcome;
}

/* For jobs whose own failure has no memory: one for each errno, of which no page is touched
 * before. */
static const filch_failure *failure_without_memory(const filch_job *job)
{
    enum { ERRNO_MOST = 4095 };
    static filch_failure all[ERRNO_MOST + 1];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    filch_failure *one = &all[-job->more->code & ERRNO_MOST];
    pthread_mutex_lock(&lock);
    if (!one->code) {
        fl_job_explain(job, one);
        one->task = NULL;
    }
    pthread_mutex_unlock(&lock);
    return one;
}

/* Under the lock. */
static const filch_failure *keep_failure(const filch_job *job)
{
    fl_job_more *more = job->more;
    if (!more->failure) {
        filch_failure *kept = malloc(sizeof *kept);
        if (!kept)
            return failure_without_memory(job);
        fl_job_explain(job, kept);
        more->failure = kept;
    }
    return more->failure;
}

const filch_failure *filch_job_failure(const filch_job *job)
{
    FL_MUST_GIVE(job);
    filch_pool *pool = job->pool;
    const filch_failure *why = NULL;
    fl_lock(&pool->queue.room.lock);
    if (fl_more(job) && job->outcome != FILCH_UNDECIDED && job->outcome != FILCH_SUCCEEDED)
        why = keep_failure(job);
    fl_unlock(&pool->queue.room.lock);
    return why;
}

/* A job without a context is cancelled here; else its watch does that. */
static int cancel_own(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_after after = {0};
    fl_pool_lock_for(job);
    filch_context *context = fl_context_of(job);
    bool over = job->outcome != FILCH_UNDECIDED ||
                filch_u32_load(&job->more->cause, FILCH_RELAXED); /* under the lock */
    if (!over && !context)
        fl_job_call_off(job, -ECANCELED, &after);
    fl_pool_leave(pool, &after);
    if (over)
        return fl_plainly(-EALREADY);
    return context ? filch_context_cancel(context, -ECANCELED) : 0;
}

int filch_job_cancel(filch_job *job)
{
    if (!job)
        return fl_fail(EINVAL, "filch_job_cancel without a job; pass one");
    if (filch_job_outcome(job) != FILCH_UNDECIDED)
        return fl_plainly(-EALREADY);
    if (!fl_more(job) || !job->own)
        return fl_fail(EINVAL, "filch_job_cancel of a job without a handle; submit it with one");
    return cancel_own(job);
}

int filch_job_set_priority(filch_job *job, unsigned priority)
{
    if (!job)
        return fl_fail(EINVAL, "filch_job_set_priority without a job; pass one");
    filch_pool *pool = job->pool;
    if (priority >= FILCH_PRIORITIES)
        return fl_fail(EINVAL, "job priority %u is out of range (0..%d)", priority,
                       FILCH_PRIORITIES - 1);
    fl_pool_lock_for(job);
    bool waits = job->stage == FL_JOB_WAITING || job->stage == FL_JOB_DELAYED;
    if (job->stage == FL_JOB_WAITING)
        fl_order_move(pool, job, priority);
    else if (waits)
        job->priority = (uint8_t)priority;
    fl_unlock(&pool->queue.room.lock);
    return waits ? 0 : fl_plainly(-EALREADY);
}

static int result(const filch_job *job)
{
    filch_failure why;
    if (job->outcome == FILCH_SUCCEEDED)
        return 0;
    fl_lock(&job->pool->queue.room.lock);
    fl_job_explain(job, &why);
    fl_unlock(&job->pool->queue.room.lock);
    return fl_fail(-why.code, "%s", why.message);
}

static int waits_for_itself(const filch_job *job)
{
    return fl_fail(EDEADLK, "job %s waits for its own outcome; let it return", job->name);
}

int fl_job_wait(const char *call, filch_job *job, int64_t until)
{
    filch_pool *pool = job->pool;
    if (!fl_more(job) && fl_job_here(pool) == job)
        return waits_for_itself(job);
    if (!fl_more(job))
        return fl_fail(EINVAL, "filch_job_wait for a job without a handle; submit it with one");
    if (fl_has_succeeded(job))
        return 0;
    fl_lock(&pool->queue.room.lock);
    int rc = 0;
    if (job->outcome != FILCH_UNDECIDED) {
        fl_unlock(&pool->queue.room.lock);
    } else if (fl_job_here(pool) == job) {
        fl_unlock(&pool->queue.room.lock);
        return waits_for_itself(job);
    } else {
        fl_waits_in(call, job);
        rc = fl_wait_cancellable(&pool->queue.room.lock, &job->more->waiters, NULL, until);
    }
    return rc ? rc : result(job);
}

int filch_job_wait(filch_job *job, int64_t until)
{
    fl_prefetch_to_write(job, sizeof(fl_full_job)); /* its runner wrote all lines */
    return job ? fl_job_wait("filch_job_wait", job, until)
               : fl_fail(EINVAL, "filch_job_wait without a job; pass one");
}

/* ---- Futures ---- */

/* The future of a job's outcome. Its waiter stands in the queue for that outcome; it is called, not
 * resumed, and lies in the room of the future. So a job may have any number of them, and none needs
 * memory. The decider of the job calls it, after unlocking the pool and while it still holds the
 * job. The future itself holds nothing. */

/* In the room of the future that is to be set. */
typedef struct promise {
    fl_waiter waiter; /* first */
    fl_node node;
    const filch_job *job;
} promise;
FILCH_STATIC_ASSERT(sizeof(promise) <= FILCH_FUTURE_BYTES, "no room for a promise");

/* The job has an outcome, which no longer changes. */
static void settle(filch_future *future, const filch_job *job)
{
    const filch_outcome outcome = (filch_outcome)job->outcome;
    if (outcome != FILCH_SUCCEEDED) {
        filch_failure why;
        fl_lock(&job->pool->queue.room.lock);
        fl_job_explain(job, &why);
        fl_unlock(&job->pool->queue.room.lock);
        fl_future_fail_with(future, &why);
        return;
    }
    future->size = sizeof outcome;
    memcpy(future->room, &outcome, sizeof outcome);
    fl_future_settle(future);
}

static void told(fl_waiter *waiter)
{
    promise *one = (promise *)(void *)waiter;
    settle(fl_future_around(one), one->job);
}

int filch_job_future(filch_future *future, filch_job *job)
{
    FL_GIVEN(future);
    FL_GIVEN(job);
    filch_pool *pool = job->pool;
    if (!fl_more(job))
        return fl_fail(EINVAL, "filch_job_future of a job without a handle; submit it with one");
    int rc = fl_future_claim(future);
    if (rc)
        return rc;
    promise *one = (promise *)(void *)future->room;
    *one = (promise){.waiter.told = told, .job = job};
    one->node = (fl_node){.waiter = &one->waiter};
    fl_lock(&pool->queue.room.lock);
    bool decided = job->outcome != FILCH_UNDECIDED;
    if (!decided)
        fl_waiters_add(&job->more->waiters, &one->node);
    fl_unlock(&pool->queue.room.lock);
    if (decided)
        settle(future, job);
    return 0;
}

/* ---- Handles that nobody released ---- */

#ifdef FILCH_DEBUG

#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum { NAME = 40 };

typedef struct handle {
    TAILQ_ENTRY(handle) place_in_list;
    const filch_job *job;
    const filch_place *place;
    const filch_pool *pool; /* its memory is there as long as the handle */
    char pool_name[NAME], name[NAME];
    pid_t process;
} handle;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(handles, handle) handles = TAILQ_HEAD_INITIALIZER(handles); /* the oldest first */
static void *by_job;                                                          /* a tree of libc's */

static int compare(const void *a, const void *b)
{
    const uintptr_t left = (uintptr_t)((const handle *)a)->job;
    const uintptr_t right = (uintptr_t)((const handle *)b)->job;
    return (left > right) - (left < right);
}

void fl_unreleased_add(const filch_job *job, const filch_place *place)
{
    handle *one = calloc(1, sizeof *one);
    if (!one)
        return;
    one->job = job;
    one->place = place;
    one->pool = job->pool;
    one->process = getpid();
    snprintf(one->pool_name, sizeof one->pool_name, "%s", job->pool->config.name);
    snprintf(one->name, sizeof one->name, "%s", job->name);
    pthread_mutex_lock(&lock);
    handle **found = tsearch(one, &by_job, compare);
    const bool entered = found && *found == one;
    if (entered)
        TAILQ_INSERT_TAIL(&handles, one, place_in_list);
    pthread_mutex_unlock(&lock);
    if (!entered)
        free(one);
}

void fl_unreleased_remove(const filch_job *job)
{
    const handle wanted = {.job = job};
    pthread_mutex_lock(&lock);
    handle **found = tfind(&wanted, &by_job, compare);
    handle *one = found ? *found : NULL;
    if (one) {
        tdelete(one, &by_job, compare);
        TAILQ_REMOVE(&handles, one, place_in_list);
    }
    pthread_mutex_unlock(&lock);
    free(one);
}

static void report(const handle *first, unsigned count)
{
    char at[128] = "";
    if (first->place)
        snprintf(at, sizeof at, " at %s:%d", fl_path_end(first->place->file), first->place->line);
    fl_say("%u handle%s of pool %s %s not released, the first submitted%s as %s; call "
           "filch_job_release for each",
           count, count > 1 ? "s" : "", first->pool_name, count > 1 ? "were" : "was", at,
           first->name);
}

/* Those of the oldest handle's pool; the others remain. */
static void report_pool(void)
{
    const handle *first = TAILQ_FIRST(&handles);
    const filch_pool *pool = first->pool;
    unsigned count = 0;
    for (handle *one = TAILQ_FIRST(&handles), *next; one; one = next) {
        next = TAILQ_NEXT(one, place_in_list);
        if (one->pool != pool)
            continue;
        TAILQ_REMOVE(&handles, one, place_in_list);
        count += one->process == getpid();
    }
    if (count)
        report(first, count);
}

/* The tree still reaches all memory. */
__attribute__((destructor)) static void report_all(void)
{
    pthread_mutex_lock(&lock);
    while (TAILQ_FIRST(&handles))
        report_pool();
    pthread_mutex_unlock(&lock);
}
#endif
