/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The intake of a pool: submissions without the lock against runners that become idle, submissions
 * that take the lock, closing, and calls through handles. Real:
 * runtime/pool/{intake,order,runner,room,pool,shutdown} as far as jobs without a deadline go, of
 * pools in the order of age or priority; runtime/pool/{handle,job,job_context,due,pending_callback}
 * as far as these use them; runtime/sync/{lock,wait,cancellation}. Played: memory, how a runner
 * reaches a worker, a job's function and its end, and the part of a submission that takes the lock.
 * Also played: the parts of a pool that such jobs do not use (a gate, alarms, elasticity, keys).
 *
 * Each thread follows a script. S submits a job, in a pool of priorities one of a higher priority
 * than the one before; H the same with a handle, D with a deadline. E gets the handle of a job that
 * has ended, of a pool that was destroyed. With the last handle x cancels the job, u cancels the
 * job's context, p gives the job the highest priority, i asks for its id, o for its outcome, l
 * releases it. k cancels the pool's context; a rings the alarm for deadlines, if there is one. c
 * closes the pool, w waits until it is at rest; d then frees it, once all submitting threads have
 * returned. r is a worker, which runs each runner that was started.
 *
 * Claims: a job runs once if it was accepted and not called off, and otherwise never; the jobs of
 * one submitter begin in their order. In a pool of priorities no job begins before one of a higher
 * priority whose submission, or change of priority, had returned when the runner looked (one
 * submitter only). Once a call that calls a job off has returned, the job has an outcome or runs; a
 * job with a handle does not begin once the pool was notified that its context is done. The ids of one
 * submitter count its jobs; each handle is counted once. No more jobs wait than the free places and
 * the capacity allow, nor are there credits for more; a submission is refused only where that many
 * wait. There is never an active runner too many; at rest all accepted jobs have ended, and nobody
 * touches the pool. The pool's memory is freed with the last handle. The intake takes jobs with a
 * deadline only while an alarm is set that collects them. A thread that reads success sees the
 * result. */
#include <runtime/engine/external.h>
#include <runtime/engine/find_work.h>
#include <runtime/pool/callbacks.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/run_job.h>
#include <runtime/pool/shutdown.h>
#include <runtime/sync/cancellation.h>
#include <tests/model/intake.h>
#include <tests/model/system/pools.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <string.h>

/* The time of deadlines. */
#define FAR_OFF (FILCH_FOREVER - 1)

enum { JOBS = 4, RUNS = 6, RUNNERS = 2, RAISED = FILCH_PRIORITIES - 1 };

static filch_pool *pool;
static filch_context unlimited;
static filch_ptr started[RUNS];
static filch_job *left[MC_THREADS]; /* of a pool that was destroyed */
static filch_u32 starts, takes, returned, closed;
/* With levels: jobs whose submission has returned; the one whose priority was then raised. */
static filch_u32 submitted, raised;

static struct shape shape;
static unsigned accepted, runs, called_off, handles, releasing;
static unsigned last_begun[MC_THREADS]; /* of each submitter's jobs */
/* With levels: both words at the runner's look; a bit for each job. */
static unsigned seen, seen_raised, begun;

typedef struct numbered {
    fl_full_job full;
    unsigned by, number; /* plain: the runner reads what the submitter wrote */
    unsigned result;     /* plain: written by the job's function */
} numbered;

MC_UNCHECKED static void count(unsigned *what)
{
    ++*what;
}

MC_UNCHECKED static bool has_begun(unsigned number)
{
    return begun & 1U << number;
}

MC_UNCHECKED static uint64_t credits(void)
{
    enum { CREDITS_AT = 48 };
    return pool->intake.arrivals.filch_value >> CREDITS_AT;
}

MC_UNCHECKED static unsigned in_intake(void)
{
    enum { CREDITS_AT = 48 };
    unsigned count = 0;
    uintptr_t at = pool->intake.arrivals.filch_value & ((UINT64_C(1) << CREDITS_AT) - 1);
    for (const filch_job *job = (const filch_job *)at; job; job = job->age.next)
        count++;
    return count;
}

/* For so many jobs, in the free places and the queue. */
static uint64_t room(void)
{
    return shape.width - pool->stats.running + shape.capacity;
}

/* `more` jobs wait that are counted nowhere. */
static void claim_room(unsigned more)
{
    const uint64_t waiting = pool->stats.waiting + more;
    MC_CLAIM(waiting <= room(), "more jobs waited than the capacity allows");
    MC_CLAIM(waiting + in_intake() + credits() <= room(), "more credits than room");
}

/* ---- Around the pool ---- */

void fl_start_patient(fl_runtime *rt, fl_work_item *job)
{
    (void)rt;
    uint32_t index = filch_u32_add(&starts, 1, FILCH_RELAXED);
    MC_CLAIM(index < RUNS, "the model's limit: too many runners");
    filch_ptr_store(&started[index], job, FILCH_RELEASE);
}

bool fl_gate_passes(filch_pool *of, fl_after *after)
{
    (void)of, (void)after;
    if (shape.has_levels) {
        seen_raised = filch_u32_load(&raised, FILCH_ACQUIRE);
        seen = filch_u32_load(&submitted, FILCH_ACQUIRE);
    }
    return true;
}

void fl_start(fl_runtime *rt, fl_work_item *item)
{
    (void)rt;
    item->as.part(NULL, item);
}

/* ---- Jobs ---- */

void fl_job_tell_apart(filch_job *job)
{
    count(&called_off);
    fl_job_unwatch(job);
    fl_pending_callback_end(job);
}

static void check_order(const numbered *one)
{
    MC_CLAIM(last_begun[one->by] < one->number, "a submitter's jobs begin out of order, or again");
    last_begun[one->by] = one->number;
}

static void check_levels(const numbered *one)
{
    MC_CLAIM(!(begun & 1U << one->number), "a job begins again");
    if (begun >> one->number)
        reaches_note("a job that was overtaken");
    begun |= 1U << one->number;
    if (one->full.job.priority == RAISED)
        return;
    MC_CLAIM(!seen_raised || begun & 1U << seen_raised, "a job begins before one that was raised");
    for (unsigned higher = one->number + 1; higher <= seen; higher++)
        MC_CLAIM(begun & 1U << higher, "a job begins before one of a higher priority");
}

static bool has_deadline(const filch_job *job)
{
    return fl_more(job) && job->more->deadline != FILCH_FOREVER;
}

void fl_job_begin(filch_job *job)
{
    const numbered *one = (const numbered *)job;
    MC_CLAIM(job->outcome == FILCH_UNDECIDED, "a job that was called off begins");
    MC_CLAIM(!has_deadline(job) || job->more->in.due.place,
             "a job begins whose deadline is not watched");
    MC_CLAIM(!job->own || !pool->deadlines.notified,
             "a job begins after the end of its pool's context");
    claim_room(1); /* this one */
    (shape.has_levels ? check_levels : check_order)(one);
    job->stage = FL_JOB_RUNNING;
    if (fl_more(job))
        fl_row_enter(&pool->runners.in_progress, job);
    pool->stats.running++;
    if (pool->stats.running > 1)
        reaches_note("two jobs at once");
    MC_CLAIM(pool->stats.running <= shape.width, "more jobs run than the pool is wide");
}

bool fl_job_perform_but_end(filch_self self, filch_job *job, fl_ended *ended)
{
    (void)self;
    count(&runs);
    ((numbered *)job)->result = 1;
    ended->job = job;
    return true;
}

bool fl_job_end(filch_self self, fl_ended *ended, fl_after *after)
{
    filch_job *job = ended->job;
    (void)self;
    claim_room(0);
    if (fl_more(job)) {
        fl_job_decide(job, FILCH_SUCCEEDED, NULL, after);
        fl_row_leave(&pool->runners.in_progress, job);
    }
    job->stage = FL_JOB_ENDED;
    bool quiet = !fl_rare(job);
    pool->stats.running -= quiet;
    return quiet;
}

void fl_job_end_aloud(filch_self self, const fl_ended *ended, fl_after *after)
{
    (void)self, (void)after;
    fl_job_unwatch(ended->job);
    fl_job_drop(ended->job);
    fl_lock(&pool->queue.room.lock);
    pool->stats.running--;
}

void fl_cell_give(enum fl_cells to, void *cell)
{
    (void)to;
    mc_free(cell);
}

/* ---- Submissions ---- */

static int submit_locked(filch_job *job)
{
    fl_after after = {0};
    fl_pool_lock(pool);
    int rc = filch_u32_load(&pool->closed, FILCH_RELAXED) ? -EPIPE : 0;
    if (!rc && !fl_pool_has_room(pool))
        rc = -EAGAIN;
    MC_CLAIM(rc != -EAGAIN || pool->stats.waiting == room(), "refused beside free room");
    if (!rc && job->own)
        rc = fl_due_enter(job);
    if (!rc)
        fl_pool_take_in(pool, job, &after);
    fl_pool_leave(pool, &after);
    reaches_note(rc == -EPIPE    ? "a refusal after close"
                 : rc == -EAGAIN ? "a refusal for room"
                                 : "a submission with the lock");
    return rc;
}

static bool push(filch_job *job)
{
    const bool dated = has_deadline(job);
    bool done = (!dated || fl_due_is_far(job)) && fl_intake_push(pool, job);
    if (done)
        reaches_note(dated ? "a deadline without the lock" : "a submission without the lock");
    return done;
}

static filch_job *make_job(unsigned by, unsigned number, char kind)
{
    const bool handle = kind == 'H', dated = kind == 'D';
    numbered *one = mc_alloc(sizeof *one, _Alignof(max_align_t));
    filch_job *job = &one->full.job;
    mc_bytes(&job->stage);
    mc_bytes(&job->dated);
    memset(one, 0, sizeof *one);
    fl_job_fill(job, pool, NULL, NULL, &(filch_job_options){.priority = number});
    one->by = by;
    one->number = number;
    job->own = handle || dated;
    job->more = job->own ? &one->full.more : NULL;
    one->full.more.handle = handle;
    one->full.more.deadline = dated ? FAR_OFF : FILCH_FOREVER;
    filch_u32_store(&job->refs, handle ? 2 : 1, FILCH_RELAXED);
    return job;
}

/* Returns the job with a handle, or NULL. */
static filch_job *submit(unsigned number, char kind)
{
    filch_job *job = make_job(mc_self(), number, kind);
    const bool late = filch_u32_load(&closed, FILCH_ACQUIRE);
    int rc = push(job) ? 0 : submit_locked(job);
    MC_CLAIM(!late || rc == -EPIPE, "accepted after the pool was closed");
    if (rc)
        mc_free(job);
    else
        count(&accepted);
    if (shape.has_levels)
        filch_u32_store(&submitted, number, FILCH_RELEASE);
    if (rc || kind != 'H')
        return NULL;
    count(&handles);
    return job;
}

/* ---- Through a handle ---- */

static void check_called_off(const filch_job *job, int rc)
{
    MC_CLAIM(!rc || rc == -EALREADY, "an error of nothing");
    reaches_note(rc ? "called off too late" : "called off");
    fl_lock(&pool->queue.room.lock);
    MC_CLAIM(job->outcome != FILCH_UNDECIDED || job->stage == FL_JOB_RUNNING,
             "a job that was called off waits");
    fl_unlock(&pool->queue.room.lock);
}

static void raise_priority(filch_job *job)
{
    const unsigned number = ((const numbered *)job)->number;
    if (filch_job_set_priority(job, RAISED)) {
        MC_CLAIM(has_begun(number), "the priority of a waiting job does not change");
        reaches_note("raised too late");
        return;
    }
    reaches_note("raised");
    filch_u32_store(&raised, number, FILCH_RELEASE);
}

static void look_at_outcome(const filch_job *job)
{
    if (filch_job_outcome(job) != FILCH_SUCCEEDED)
        return;
    MC_CLAIM(((const numbered *)job)->result, "a job has succeeded without a result");
    reaches_note("told of success");
}

MC_UNCHECKED static void release(filch_job *job)
{
    if (releasing++)
        reaches_note("two releases at once");
    filch_job_release(job);
    releasing--;
}

static void use_handle(filch_job *job, char call)
{
    switch (call) {
    case 'x':
        check_called_off(job, filch_job_cancel(job));
        break;
    case 'u':
        check_called_off(job, filch_context_cancel(filch_job_context(job), -ECANCELED));
        break;
    case 'p':
        raise_priority(job);
        break;
    case 'i':
        MC_CLAIM(filch_job_id(job) == ((const numbered *)job)->number, "not its id");
        break;
    case 'o':
        look_at_outcome(job);
        break;
    default:
        release(job);
    }
}

/* ---- Threads ---- */

/* Rings the alarm early, if there is one. Until it has rung, no other thread sets it later. */
static void ring_early(void)
{
    fl_lock(&pool->queue.room.lock);
    const bool made = fl_alarm_was_made(&pool->alarms[FL_ALARM_DUE]);
    fl_unlock(&pool->queue.room.lock);
    if (!made)
        return;
    pools_ring(pool);
    reaches_note("an alarm");
    fl_lock(&pool->queue.room.lock);
    MC_CLAIM(!pool->deadlines.expected || pool->alarms[FL_ALARM_DUE].at < FAR_OFF,
             "the intake takes deadlines without an alarm");
    fl_unlock(&pool->queue.room.lock);
}

static void wait_for_rest(void)
{
    int rc = fl_pool_wait("model", pool, FILCH_FOREVER);
    waiting_returned();
    waiting_came_out(rc, &waiting_ways_usual);
    MC_CLAIM(rc == 0, "a wait for rest fails");
}

static bool submits(const char *script)
{
    return strpbrk(script, "SHD");
}

static unsigned submitters(void)
{
    unsigned all = 0;
    for (unsigned i = 0; shape.script[i]; i++)
        all += submits(shape.script[i]);
    return all;
}

static void free_pool(void)
{
    for (unsigned i = 0; i < submitters();)
        i = (unsigned)mc_await(&returned, 4, i, MC_HERE);
    MC_CLAIM(!pool->intake.arrivals.filch_value, "the intake of a closed pool is open");
    MC_CLAIM(pool->stats.accepted == accepted, "the count is not that of the accepted jobs");
    MC_CLAIM(runs + called_off == accepted, "a job that was accepted has not ended at rest");
    MC_CLAIM(pool->rest.handed == handles, "the count is not that of the handles");
    mc_free(pool);
}

/* For ever. */
static void work_on(void)
{
    filch_self self = fl_first_slot(&fl_worker_here()->running->stack);
    for (;;) {
        uint32_t index = filch_u32_add(&takes, 1, FILCH_RELAXED);
        MC_CLAIM(index < RUNS, "the model's limit: too many runners");
        fl_work_item *item = (fl_work_item *)(uintptr_t)mc_await(&started[index], 8, 0, MC_HERE);
        item->as.part(self, item);
    }
}

void body(unsigned thread)
{
    const char *script = shape.script[thread];
    filch_job *job = NULL;
    unsigned number = 0;
    for (const char *at = script; *at; at++)
        switch (*at) {
        case 'S':
        case 'D':
            submit(++number, *at);
            break;
        case 'H':
            job = submit(++number, *at);
            break;
        case 'E':
            job = left[thread];
            break;
        case 'k':
            filch_context_cancel(pool->context, -ECANCELED);
            break;
        case 'c':
            filch_pool_close(pool);
            filch_u32_store(&closed, 1, FILCH_RELEASE);
            break;
        case 'w':
            wait_for_rest();
            break;
        case 'd':
            free_pool();
            break;
        case 'a':
            ring_early();
            break;
        case 'r':
            work_on();
            break;
        default:
            if (job)
                use_handle(job, *at);
        }
    if (submits(script))
        filch_u32_add(&returned, 1, FILCH_RELEASE);
    waiting_ends();
}

/* ---- Before and after ---- */

/* After filch_pool_destroy: handles alone hold the pool's memory. */
static void end_pool(void)
{
    for (unsigned thread = 0; shape.script[thread]; thread++) {
        if (!strchr(shape.script[thread], 'E'))
            continue;
        filch_job *job = left[thread] = make_job(thread, 1, 'H');
        job->id = 1;
        job->stage = FL_JOB_ENDED;
        job->outcome = FILCH_SUCCEEDED;
        ((numbered *)job)->result = 1;
        filch_u32_store(&job->more->cause, FL_SUCCEEDED, FILCH_RELAXED);
        filch_u32_store(&job->refs, 1, FILCH_RELAXED);
        pool->rest.handed++;
    }
    if (!pool->rest.handed)
        return;
    for (fl_runner *one; (one = pool->runners.newest);) {
        pool->runners.newest = one->made_before;
        mc_free(one);
    }
    filch_u64_store(&pool->refs, pool->rest.handed, FILCH_RELAXED);
    filch_u32_store(&unlimited.refs, 2, FILCH_RELAXED); /* it is no memory to be freed */
}

void lay_out(struct shape chosen)
{
    shape = chosen;
    unsigned threads = 0, workers = 0;
    for (; shape.script[threads]; threads++)
        workers |= (unsigned)(*shape.script[threads] == 'r') << threads;
    waiting_setup(workers, threads - (unsigned)__builtin_popcount(workers));
    waiting_setup_timers();
    memset(started, 0, sizeof started);
    memset(left, 0, sizeof left);
    memset(&starts, 0, sizeof starts);
    memset(&takes, 0, sizeof takes);
    memset(&returned, 0, sizeof returned);
    memset(&closed, 0, sizeof closed);
    memset(&submitted, 0, sizeof submitted);
    memset(&raised, 0, sizeof raised);
    memset(last_begun, 0, sizeof last_begun);
    accepted = runs = called_off = handles = releasing = seen = seen_raised = begun = 0;
    pool = mc_alloc(sizeof *pool, _Alignof(filch_pool));
    pools_setup(pool, &unlimited, shape.width, shape.capacity);
    pool->config.order = shape.has_levels ? FILCH_PRIORITY : FILCH_FIFO;
    pool->intake.used = true;
    end_pool();
    mc_name(&pool->intake.arrivals, "intake");
    mc_name(&pool->closed, "closed");
    mc_name(&pool->queue.room.lock, "pool's lock");
    mc_name(&starts, "starts");
    mc_name(&returned, "returned");
    mc_name(&unlimited.cause, "pool's cause");
    mc_name(&unlimited.lock, "context's lock");
}

void finish(void)
{
    reaches_tell();
    if (called_off)
        mc_reached("a job that does not begin");
    mc_reached(filch_u32_load(&starts, FILCH_RELAXED) > 1 ? "several runners" : "one runner");
    MC_CLAIM(runs + called_off == accepted, "a job runs that was not accepted, or not at all");
    MC_CLAIM(!left[0] || mc_objects() == 0, "a pool or job is never freed");
}
