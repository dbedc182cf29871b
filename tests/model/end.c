/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tokens, bells and the end of a runtime (docs/idle.md). Real: sched/idle, runtime/core/park,
 * filch_runtime_destroy. Played: the workers' loop, and the inbox, which is here one word with a
 * bit for each job (its two-step enqueuing is in idle.c).
 *
 * Threads outside follow a script: J submits the next job; D destroys the runtime; V, a worker of
 * another runtime, makes the suspended fiber ready, waits until it suspends once more, and makes it
 * ready again. A worker takes a job, runs it, and searches again; or, where no D is in the script,
 * leaves for good.
 *
 * Claims: every job is run once and every part of the fiber too; everybody ends; nobody uses the
 * runtime once it is freed. */
#include <runtime/core/atfork.h>
#include <runtime/core/error.h>
#include <runtime/core/futex.h>
#include <runtime/core/worker.h>
#include <runtime/queue/queue.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { WORKERS = 3, JOBS = 3, FIBER = JOBS, PARTS = 2 };

static filch_runtime *rt;
static fl_job job[JOBS + 1]; /* the last one carries the fiber */
static filch_u32 saved;      /* the fiber has suspended again */

static struct shape {
    const char *script[2];
    unsigned workers;
    bool more;  /* the first job submits the last */
    bool woken; /* worker 0 was woken in vain: it naps where it is the last searcher */
    bool ends, has_fiber;
} shape;
static unsigned submitted, runs[JOBS + 1];

/* ---- Around the protocol ---- */

void fl_inbox_put(fl_inbox *inbox, fl_job *what)
{
    filch_u32_or(&inbox->draining, 1u << (what - job), FILCH_RELEASE);
}

unsigned fl_inbox_take(fl_inbox *inbox, fl_job **jobs, unsigned most)
{
    (void)most;
    uint32_t bits = filch_u32_load(&inbox->draining, FILCH_RELAXED);
    while (bits)
        if (filch_u32_cas(&inbox->draining, &bits, bits & (bits - 1), FILCH_ACQUIRE)) {
            *jobs = &job[__builtin_ctz(bits)];
            return 1;
        }
    return 0;
}

bool fl_inbox_empty(fl_inbox *inbox)
{
    return !filch_u32_load(&inbox->draining, FILCH_RELAXED);
}

unsigned fl_fork_generation(void)
{
    return 0;
}

void fl_fork_release(void)
{
}

void fl_central_destroy(filch_runtime *of)
{
    (void)of;
}

int fl_fail(int code, const char *format, ...)
{
    (void)format;
    return -code;
}

int pthread_join(pthread_t thread, void **result)
{
    (void)result;
    mc_join((unsigned)thread, MC_HERE);
    return 0;
}

/* ---- Jobs ---- */

MC_UNCHECKED static unsigned run_once(unsigned number)
{
    unsigned most = number == FIBER ? PARTS : 1;
    MC_CLAIM(runs[number] < most, "a job runs twice");
    return ++runs[number];
}

MC_UNCHECKED static fl_job *next_job(void)
{
    return &job[submitted++];
}

/* As fl_leave does: counted before others may resume it. */
static void run_fiber(fl_worker *by)
{
    fl_count(by, FL_SUSPENDED, -(uint64_t)1);
    if (run_once(FIBER) == PARTS)
        return;
    fl_count(by, FL_SUSPENDED, 1);
    filch_u32_store(&saved, 1, FILCH_RELEASE);
    mc_futex_wake(&saved, 1, MC_HERE);
}

static void run(fl_worker *by, unsigned number)
{
    if (number == FIBER) {
        run_fiber(by);
        return;
    }
    run_once(number);
    if (shape.more && number == 0)
        fl_submit(by->rt, next_job(), by->index + 1);
}

/* ---- Threads ---- */

static void visit(void)
{
    fl_submit_across(rt, &job[FIBER], 0);
    while (!filch_u32_load(&saved, FILCH_ACQUIRE))
        mc_futex_wait(&saved, 0, false, MC_HERE);
    fl_submit_across(rt, &job[FIBER], 0);
}

static void act(const char *script)
{
    for (const char *at = script; *at; at++)
        switch (*at) {
        case 'J':
            fl_submit(rt, next_job(), 0);
            break;
        case 'V':
            visit();
            break;
        default:
            filch_runtime_destroy(rt);
        }
}

static void work(fl_worker *by)
{
    for (;;) {
        fl_job *found;
        while (!fl_inbox_take(&by->rt->inbox, &found, 1))
            if (!fl_sleep(by, 0))
                return;
        fl_found(by, false);
        run(by, (unsigned)(found - job));
        if (!shape.ends)
            return;
        fl_idle_search(&by->rt->idle);
    }
}

static unsigned outsiders(void)
{
    return 1 + (shape.script[1] != NULL);
}

static void body(unsigned thread)
{
    if (thread < outsiders())
        act(shape.script[thread]);
    else
        work(rt->worker[thread - outsiders()]);
}

/* ---- Before and after ---- */

static void name_everything(void)
{
    char name[40];
    for (unsigned i = 0; i < shape.workers; i++) {
        snprintf(name, sizeof name, "bell%u", i);
        mc_name(&rt->worker[i]->bell, name);
        snprintf(name, sizeof name, "suspended%u", i);
        mc_name(&rt->worker[i]->counters[FL_SUSPENDED], name);
    }
    mc_name(rt, "the runtime");
    mc_name_word(&rt->idle.word, "I", spell_idle_word);
    mc_name(&rt->idle.tokens, "tokens");
    mc_name(&rt->inbox.draining, "inbox");
    mc_name(&rt->stopping, "stopping");
    mc_name(&rt->finished, "finished");
    mc_name(&rt->inbox.visitors, "visitors");
    mc_name(&saved, "saved");
}

static fl_worker *lay_out_worker(unsigned i)
{
    fl_worker *worker = mc_alloc(sizeof *worker, FILCH_APART);
    memset(worker, 0, sizeof *worker);
    worker->rt = rt;
    worker->index = i;
    worker->thread = outsiders() + i;
    mc_ignore(&worker->current, sizeof worker->current);
    mc_ignore(&worker->ready, sizeof worker->ready);
    mc_ignore(worker->counters, (shape.has_fiber ? FL_SUSPENDED : FL_COUNTERS) * sizeof(filch_u64));
    return worker;
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    shape.ends = strchr(shape.script[0], 'D');
    shape.has_fiber = shape.script[1] && strchr(shape.script[1], 'V');
    submitted = 0;
    memset(runs, 0, sizeof runs);
    timeouts_setup();
    memset(&saved, 0, sizeof saved);
    rt = mc_alloc(sizeof *rt, FILCH_APART);
    memset(rt, 0, sizeof *rt);
    rt->workers = shape.workers;
    rt->worker = mc_alloc(shape.workers * sizeof(fl_worker *), _Alignof(fl_worker *));
    rt->discipline = &fl_discipline_chase_lev;
    rt->asymmetric = true;
    fl_idle_init(&rt->idle);
    for (unsigned i = 0; i < shape.workers; i++) {
        rt->worker[i] = lay_out_worker(i);
        fl_idle_search(&rt->idle);
    }
    rt->worker[0]->woken = shape.woken;
    if (shape.has_fiber) /* it suspended while the first worker ran it */
        filch_u64_store(&rt->worker[0]->counters[FL_SUSPENDED], 1, FILCH_RELAXED);
    if (!shape.ends)
        mc_ignore(rt, offsetof(filch_runtime, idle));
    name_everything();
}

static void finish(void)
{
    for (unsigned i = 0; i < submitted; i++)
        MC_CLAIM(runs[i] == 1, "a job is lost");
    MC_CLAIM(runs[FIBER] == (shape.has_fiber ? PARTS : 0), "a suspended fiber is lost");
    if (!shape.ends)
        MC_CLAIM(filch_u64_load(&rt->idle.word, FILCH_RELAXED) % FL_IDLE_CHANGE == 0,
                 "I counts workers that have left");
}

MC_SHAPE(wakers, .script = {"J", "J"}, .workers = 2)
MC_SHAPE(nap, .script = {"JJ"}, .workers = 2, .woken = true)
MC_SHAPE(three, .script = {"JJJ"}, .workers = 3)
MC_SHAPE(D_one, .script = {"D"}, .workers = 1)
MC_SHAPE(JD_one, .script = {"JD"}, .workers = 1)
MC_SHAPE(D, .script = {"D"}, .workers = 2)
MC_SHAPE(JD, .script = {"JD"}, .workers = 2)
MC_SHAPE(JD_more, .script = {"JD"}, .workers = 2, .more = true)
MC_SHAPE(fiber, .script = {"D", "V"}, .workers = 2)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, __VA_ARGS__            \
    }
#define THREADS(...) .threads = {__VA_ARGS__}

const mc_model mc_models[] = {
    ROW(wakers, "two wakers, two sleepers: tokens and bells",
        THREADS("outside", "outside 2", "worker 0", "worker 1"), .bound = 2),
    ROW(nap, "two wakes, one of the sleepers naps", THREADS("outside", "worker 0", "worker 1"),
        .bound = 3),
    ROW(three, "three jobs, three sleepers", THREADS("outside", "worker 0", "worker 1", "worker 2"),
        .bound = 1),
    ROW(D_one, "destroy against a worker that falls asleep", THREADS("outside", "worker")),
    ROW(JD_one, "a job, then destroy", THREADS("outside", "worker"), .bound = 3),
    ROW(D, "destroy, two workers", THREADS("outside", "worker 0", "worker 1"), .bound = 2),
    ROW(JD, "a job, then destroy, two workers", THREADS("outside", "worker 0", "worker 1"),
        .bound = 3),
    ROW(JD_more, "the job submits another", THREADS("outside", "worker 0", "worker 1"), .bound = 2),
    ROW(fiber, "a suspended fiber that another runtime makes ready, twice",
        THREADS("outside", "visitor", "worker 0", "worker 1"), .bound = 2),
    {.name = NULL}};
