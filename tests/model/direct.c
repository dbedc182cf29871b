/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Direct pools: plain jobs against closing and waiting for rest. Real:
 * runtime/pool/{direct,shutdown, pool} as far as plain jobs go, the cells of
 * runtime/metrics/counter.h, runtime/sync/wait. Played: the shard of a thread, the memory of jobs,
 * how a job reaches a worker, its function, the pool's lock, fibers (tests/model/system/waiting.h).
 *
 * Each thread follows a script. S submits a job, B two at once. c closes the pool, w waits until it
 * is at rest; d then frees it, once all submitting threads have returned. x cancels the jobs that
 * wait; R waits for all other submitting threads to return. r is a worker, which runs each job that
 * was started, in a `held` shape those that were started when the canceller has returned.
 *
 * Claims: a job runs once if it was accepted, and otherwise never. When a wait for rest returns
 * after the pool was closed, all accepted jobs have run, as many are settled as were accepted, and
 * the waiter sees what they wrote. Nobody touches the pool when it is at rest. A cancelled job does
 * not run; in a held shape, jobs run that were submitted after the last x, and no others. */
#include <runtime/engine/external.h>
#include <runtime/pool/job.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/run_job.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <string.h>

enum { JOBS = 4, SHARDS = FL_SHARDS_SHARED + MC_THREADS };

static filch_pool *pool;
static filch_runtime home;
static filch_ptr started[JOBS];
static filch_u32 starts, returned;
static union {
    fl_tally of[SHARDS];
} tallies;

static struct shape {
    const char *script[MC_THREADS + 1];
    bool shared;     /* all count in the same shard */
    bool full_fence; /* there is no membarrier */
    bool held;       /* the worker starts when all submitters and the canceller have returned */
} shape;
static unsigned accepted, runs, ended;
static unsigned cancelled;  /* jobs that were accepted before the last x, in held shapes */
static unsigned work[JOBS]; /* plain, by the jobs */

MC_UNCHECKED static unsigned count(unsigned *what, unsigned by)
{
    return (*what += by) - by;
}

/* ---- Around the pool ---- */

unsigned fl_shards(void)
{
    return SHARDS;
}

unsigned fl_shard(void)
{
    return shape.shared ? 0 : FL_SHARDS_SHARED + mc_self();
}

void *fl_shards_create(size_t size)
{
    (void)size;
    return &tallies;
}

void *fl_cell_take(enum fl_cells from)
{
    (void)from;
    return mc_alloc(FL_CELL_POOL_JOB, _Alignof(max_align_t));
}

void fl_cell_give(enum fl_cells to, void *cell)
{
    (void)to;
    count(&ended, 1);
    mc_free(cell);
}

void fl_start(fl_runtime *rt, fl_work_item *job)
{
    (void)rt;
    uint32_t index = filch_u32_add(&starts, 1, FILCH_RELAXED);
    MC_CLAIM(index < JOBS, "the model's limit: too many jobs");
    filch_ptr_store(&started[index], job, FILCH_RELEASE);
}

void fl_start_all(fl_runtime *rt, fl_work_item *const *jobs, unsigned many)
{
    for (unsigned i = 0; i < many; i++)
        fl_start(rt, jobs[i]);
}

void fl_job_record(filch_distribution *distribution, filch_job *job)
{
    (void)distribution, (void)job;
}

filch_outcome fl_job_run(filch_self self, filch_job *job, filch_failure *why)
{
    (void)self, (void)why;
    work[count(&runs, 1)] = 1;
    MC_CLAIM(job->pool == pool, "a job of another pool");
    return FILCH_SUCCEEDED;
}

filch_job *fl_job_here(const filch_pool *of)
{
    (void)of;
    return NULL;
}

/* A direct pool has no intake. */
int fl_due_enter(filch_job *job)
{
    (void)job;
    return 0;
}

uint64_t fl_dues_expect(filch_pool *of, uint64_t jobs)
{
    (void)of;
    return jobs;
}

void fl_dues_expect_none(filch_pool *of)
{
    (void)of;
}

/* Nothing here has an alarm, or a job that is told apart. */
bool fl_alarm_rings(const fl_alarm *alarm)
{
    (void)alarm;
    return false;
}

void fl_job_tell_apart(filch_job *job)
{
    (void)job;
}

/* All jobs are plain, so that none waits in a row. */
bool fl_job_decide(filch_job *job, filch_outcome outcome, const filch_failure *why, fl_after *after)
{
    (void)job, (void)outcome, (void)why, (void)after;
    MC_CLAIM(false, "a plain job is decided");
    return false;
}

/* ---- Threads ---- */

static int nothing(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job, (void)data;
    return 0;
}

static void submit(unsigned many)
{
    static const filch_job_options plain;
    static const fl_submissions two = {.all = {nothing, NULL, &plain}};
    unsigned got = 0;
    int rc = many == 1 ? fl_direct_submit(pool, nothing, NULL, &plain)
                       : fl_direct_submit_all(pool, &two, 0, many, &got);
    MC_CLAIM(rc == 0 || rc == -EPIPE, "an error of nothing");
    reaches_note(rc ? "a refusal" : "a submission");
    count(&accepted, rc ? 0 : many);
    count(&ended, rc ? -many : 0); /* their cells were given back */
}

static void cancel(void)
{
    filch_pool_cancel_waiting(pool);
    cancelled = count(&accepted, 0);
}

static void wait_for_rest(void)
{
    int rc = filch_pool_wait(pool, FILCH_FOREVER);
    waiting_returned();
    waiting_came_out(rc, &waiting_ways_usual);
    MC_CLAIM(rc == 0, "a wait for rest fails");
    if (!filch_u32_load(&pool->closed, FILCH_RELAXED))
        return;
    for (unsigned i = 0; i < runs; i++)
        MC_CLAIM(work[i], "a job's work is not there");
}

static unsigned submitters(void)
{
    unsigned all = 0;
    for (unsigned i = 0; shape.script[i]; i++)
        all += strpbrk(shape.script[i], "SBx") != NULL;
    return all;
}

static void wait_for_returns(unsigned many)
{
    for (unsigned i = 0; i < many;)
        i = (unsigned)mc_await(&returned, 4, i, MC_HERE);
}

static void free_pool(void)
{
    wait_for_returns(submitters());
    fl_direct_sums sums;
    fl_direct_sum(&pool->direct, &sums);
    MC_CLAIM(sums.accepted == accepted && sums.begun == accepted &&
                 pool->rest.settled == accepted &&
                 sums.outcomes[FILCH_SUCCEEDED] + sums.outcomes[FILCH_CANCELLED] == accepted,
             "the counts are not those of the accepted jobs");
    MC_CLAIM(runs == sums.outcomes[FILCH_SUCCEEDED], "a job that was accepted has not run at rest");
    mc_free(pool);
}

/* For ever. */
static void work_on(void)
{
    filch_self self = fl_first_slot(&fl_worker_here()->running->stack);
    wait_for_returns(shape.held ? submitters() : 0);
    for (unsigned i = 0; i < JOBS; i++) {
        fl_work_item *job = (fl_work_item *)(uintptr_t)mc_await(&started[i], 8, 0, MC_HERE);
        job->as.part(self, job);
    }
    mc_await(&started[0], 8, (uintptr_t)filch_ptr_load(&started[0], FILCH_RELAXED), MC_HERE);
}

static void body(unsigned thread)
{
    const char *script = shape.script[thread];
    for (const char *at = script; *at; at++)
        switch (*at) {
        case 'S':
            submit(1);
            break;
        case 'B':
            submit(2);
            break;
        case 'c':
            filch_pool_close(pool);
            break;
        case 'x':
            cancel();
            break;
        case 'R':
            wait_for_returns(submitters() - 1);
            break;
        case 'w':
            wait_for_rest();
            break;
        case 'd':
            free_pool();
            break;
        default:
            work_on();
        }
    if (strpbrk(script, "SBx"))
        filch_u32_add(&returned, 1, FILCH_RELEASE);
    waiting_ends();
}

/* ---- Before and after ---- */

static void lay_out(struct shape chosen)
{
    shape = chosen;
    unsigned threads = 0, workers = 0;
    for (; shape.script[threads]; threads++)
        workers |= (unsigned)(*shape.script[threads] == 'r') << threads;
    waiting_setup(workers, threads - (unsigned)__builtin_popcount(workers));
    waiting_setup_timers();
    memset(started, 0, sizeof started);
    memset(&starts, 0, sizeof starts);
    memset(&returned, 0, sizeof returned);
    memset(&tallies, 0, sizeof tallies);
    memset(work, 0, sizeof work);
    accepted = runs = ended = cancelled = 0;
    home.asymmetric = !shape.full_fence;
    membarrier_setup(shape.full_fence);
    pool = mc_alloc(sizeof *pool, _Alignof(filch_pool));
    memset(pool, 0, sizeof *pool);
    pool->rt = &home;
    pool->config.name = "pool";
    fl_direct_open(&pool->direct);
    pool->cells = FL_CELLS_LINES;
    for (unsigned i = 0; i < SHARDS; i++) { /* read where the pool is at rest, or for reports */
        mc_ignore(&tallies.of[i].begun, sizeof tallies.of[i].begun);
        mc_ignore(tallies.of[i].outcomes, sizeof tallies.of[i].outcomes);
        mc_name(&tallies.of[i].accepted, "accepted");
    }
    mc_name(&pool->closed, "closed");
    mc_name(&pool->queue.room.lock, "pool's lock");
    mc_name(&starts, "starts");
    mc_name(&returned, "returned");
}

static void finish(void)
{
    reaches_tell();
    if (runs)
        mc_reached("a job run");
    if (runs < accepted)
        mc_reached("a job cancelled");
    bool cancels = false;
    for (unsigned i = 0; shape.script[i]; i++)
        cancels |= strchr(shape.script[i], 'x') != NULL;
    MC_CLAIM(ended == accepted, "a job ends that was not accepted, or not at all");
    MC_CLAIM(cancels || runs == accepted, "a job runs that was not accepted, or not at all");
    MC_CLAIM(!shape.held || runs == accepted - cancelled,
             "a job that waited is not cancelled, or a later one is");
}

MC_SHAPE(S_c, .script = {"S", "cw", "r"})
MC_SHAPE(S_cd, .script = {"S", "cwd", "r"})
MC_SHAPE(S_cd_full, .script = {"S", "cwd", "r"}, .full_fence = true)
MC_SHAPE(S_w, .script = {"S", "wcwd", "r"})
MC_SHAPE(B_cd, .script = {"B", "cwd", "r"})
MC_SHAPE(S_S_cd, .script = {"S", "S", "cwd", "r"})
MC_SHAPE(S_S_cd_shared, .script = {"S", "S", "cwd", "r"}, .shared = true)
MC_SHAPE(SxS_held, .script = {"SxS", "r"}, .held = true)
MC_SHAPE(BxSx_held, .script = {"BxSx", "r"}, .held = true)
MC_SHAPE(S_x_cd, .script = {"S", "x", "cwd", "r"})
MC_SHAPE(S_S_cRx_held, .script = {"S", "S", "cRx", "r"}, .shared = true, .held = true)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }
#define ONE .threads = {"submitter", "closer", "worker"}
#define TWO .threads = {"submitter", "submitter 2", "closer", "worker"}
#define CLOSES .reaches = {"a submission", "a refusal", "no wait", "a wait"}

const mc_model mc_models[] = {
    ROW(S_c, "a submission against close", ONE, CLOSES),
    ROW(S_cd, "the same, and the pool is freed at rest", ONE, CLOSES),
    ROW(S_cd_full, "the same without membarrier", ONE, CLOSES),
    ROW(S_w, "a wait for rest, before the pool is closed", ONE,
        .reaches = {"a submission", "a refusal", "a wait"}),
    ROW(B_cd, "two jobs at once against close", ONE, CLOSES),
    ROW(S_S_cd, "two submitters", TWO, .bound = 0, CLOSES),
    ROW(S_S_cd_shared, "two submitters that share a shard", TWO, .bound = 0, CLOSES),
    ROW(SxS_held, "a job before and one after waiting jobs are cancelled",
        .threads = {"submitter", "worker"}, .reaches = {"a job run", "a job cancelled"}),
    ROW(BxSx_held, "two cancellations, of two jobs and of one", .threads = {"submitter", "worker"},
        .reaches = {"a job cancelled"}),
    ROW(S_x_cd, "a submission against a cancellation", .bound = 0,
        .threads = {"submitter", "canceller", "closer", "worker"},
        .reaches = {"a job run", "a job cancelled", "a refusal"}),
    ROW(S_S_cRx_held, "a cancellation in a closed pool", TWO, .bound = 0,
        .reaches = {"a job cancelled", "a refusal"}),
    {.name = NULL}};
