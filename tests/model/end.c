/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: first
 *
 * Tokens, park words and the end of a runtime (docs/internals/idle.md). Real: sched/idle,
 * runtime/engine/park, filch_runtime_destroy. Played: the workers' loop, and the inbox, which is
 * here one word with a bit for each work item (its two-step enqueuing is in idle.c).
 *
 * Outside threads follow a script. J submits the next work item; D destroys the runtime. V, a
 * worker of another runtime, makes the suspended fiber ready, waits until it suspends once more,
 * and makes it ready again; v does the same by calls that submit many work items. A submits two work
 * items by one call. R resizes to one worker, G to all. A worker takes a work item, runs it,
 * and searches again; if the script has no D, it leaves for good instead.
 *
 * Claims: every work item is run once and every part of the fiber too; every thread ends; nobody
 * uses the runtime once it is freed. With a resize and no D in the script, workers continue for
 * ever: in the end all rest, and the word I says so. */
#include <runtime/engine/park.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/queue/queues.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { WORKERS = 3, JOBS = 3, FIBER = JOBS, PARTS = 2 };

static filch_runtime *rt;
static fl_work_item work_item[JOBS + 1]; /* the last one carries the fiber */
static filch_u32 saved;                  /* the fiber has suspended again */

static struct shape {
    const char *script[2];
    unsigned workers;
    bool more;  /* the first work item submits the last */
    bool late;  /* one worker is active at the beginning, the others have retired */
    bool hogs;  /* the first work item lasts until the second one was run */
    bool asks;  /* the first work item resizes to one worker */
    bool woken; /* worker 0 was woken for nothing: it naps where it is the last searcher */
    bool ends, rests, has_fiber;
} shape;
static unsigned submitted, runs[JOBS + 1], unparked[WORKERS];

/* ---- Around the protocol ---- */

void fl_inbox_put(fl_inbox *inbox, fl_work_item *what)
{
    filch_u32_or(&inbox->draining, 1u << (what - work_item), FILCH_RELEASE);
}

unsigned fl_inbox_take(fl_inbox *inbox, fl_work_item **work_items, unsigned most)
{
    (void)most;
    uint32_t bits = filch_u32_load(&inbox->draining, FILCH_RELAXED);
    while (bits)
        if (filch_u32_cas(&inbox->draining, &bits, bits & (bits - 1), FILCH_ACQUIRE)) {
            *work_items = &work_item[__builtin_ctz(bits)];
            return 1;
        }
    return 0;
}

void fl_inbox_put_all(fl_inbox *inbox, fl_work_item *const *work_items, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fl_inbox_put(inbox, work_items[i]);
}

bool fl_inbox_empty(fl_inbox *inbox)
{
    return !filch_u32_load(&inbox->draining, FILCH_RELAXED);
}

bool fl_inbox_offers(fl_inbox *inbox)
{
    return !fl_inbox_empty(inbox);
}

MC_UNCHECKED static void note_unparked(const filch_u32 *word)
{
    for (unsigned i = 0; i < shape.workers && !shape.ends; i++)
        unparked[i] += word == &rt->worker[i]->park_word;
}

void fl_futex_wake(filch_u32 *word, int count)
{
    note_unparked(word);
    mc_futex_wake(word, (unsigned)count, "futex");
}

unsigned fl_fork_generation(void)
{
    return 0;
}

void fl_fork_release(void)
{
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

/* ---- Work items ---- */

MC_UNCHECKED static unsigned run_once(unsigned number)
{
    unsigned most = number == FIBER ? PARTS : 1;
    MC_CLAIM(runs[number] < most, "a work item runs twice");
    return ++runs[number];
}

MC_UNCHECKED static fl_work_item *next_job(void)
{
    return &work_item[submitted++];
}

/* As fl_leave does: counted before others may resume it. */
static void run_fiber(fl_worker *by)
{
    fl_count_suspended(by, -(uint64_t)1);
    if (run_once(FIBER) == PARTS)
        return;
    fl_count_suspended(by, 1);
    filch_u32_store(&saved, 1, FILCH_RELEASE);
    mc_futex_wake(&saved, 1, MC_HERE);
}

static void run(fl_worker *by, unsigned number)
{
    if (number == FIBER) {
        run_fiber(by);
        return;
    }
    if (shape.hogs && number == 0)
        while (!filch_u32_load(&saved, FILCH_ACQUIRE))
            mc_futex_wait(&saved, 0, false, MC_HERE);
    run_once(number);
    if (shape.hogs && number == 1) {
        filch_u32_store(&saved, 1, FILCH_RELEASE);
        mc_futex_wake(&saved, 1, MC_HERE);
    }
    if (shape.asks && number == 0)
        filch_runtime_resize(by->rt, 1);
    if (shape.more && number == 0)
        fl_submit(by->rt, next_job(), by->index + 1);
}

/* ---- Threads ---- */

static void make_ready(bool by_many)
{
    fl_work_item *fiber = &work_item[FIBER];
    if (by_many)
        fl_submit_all_across(rt, &fiber, 1, 0);
    else
        fl_submit_across(rt, fiber, 0, FL_UNLESS_AWAKE);
}

static void visit(bool by_many)
{
    make_ready(by_many);
    while (!filch_u32_load(&saved, FILCH_ACQUIRE))
        mc_futex_wait(&saved, 0, false, MC_HERE);
    make_ready(by_many);
}

static void submit_two(void)
{
    fl_work_item *both[2];
    for (unsigned i = 0; i < 2; i++)
        both[i] = next_job();
    fl_submit_all_across(rt, both, 2, 0);
}

static void act(const char *script)
{
    for (const char *at = script; *at; at++)
        switch (*at) {
        case 'J':
            fl_submit(rt, next_job(), shape.rests); /* the last one is looked for first */
            break;
        case 'A':
            submit_two();
            break;
        case 'V':
        case 'v':
            visit(*at == 'v');
            break;
        case 'R':
            filch_runtime_resize(rt, 1);
            break;
        case 'G':
            filch_runtime_resize(rt, shape.workers);
            break;
        default:
            filch_runtime_destroy(rt);
        }
}

/* As fl_find does. */
static bool find(fl_worker *by, fl_work_item **found)
{
    for (;;) {
        if (fl_surplus(by)) {
            if (!fl_retire(by))
                return false;
        } else if (fl_inbox_take(&by->rt->inbox, found, 1)) {
            fl_found(by, false);
            return true;
        } else if (!fl_sleep(by, 0)) {
            return false;
        }
    }
}

/* Tokens and park words are apart: a waker unparks one worker, and another may take the token. */
MC_UNCHECKED static void tell_reached(const fl_worker *worker)
{
    uint64_t wakes = worker->counters[FL_WAKES].filch_value;
    if (!shape.ends && wakes > unparked[worker->index])
        mc_reached("a token taken by another");
    if (worker->counters[FL_PARKS].filch_value > wakes)
        mc_reached("a sleep without a token");
    if (wakes)
        mc_reached("a token");
}

static void work(fl_worker *by)
{
    if (by->late) {
        if (!fl_wait_for_turn(by))
            return;
        fl_idle_search(&by->rt->idle);
    }
    for (fl_work_item *found; find(by, &found);) {
        run(by, (unsigned)(found - work_item));
        if (!shape.ends && !shape.rests)
            return;
        fl_idle_search(&by->rt->idle);
    }
    if (shape.ends)
        tell_reached(by);
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
    for (unsigned i = 0; mc_traces() && i < shape.workers; i++) {
        snprintf(name, sizeof name, "park_word%u", i);
        mc_name(&rt->worker[i]->park_word, name);
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
    mc_name(&rt->worker_set.active, "active");
    mc_name(&rt->worker_set.reach, "reach");
    mc_name(&rt->worker_set.lock, "lock");
}

static fl_worker *lay_out_worker(unsigned i)
{
    fl_worker *worker = mc_alloc(sizeof *worker, FILCH_APART);
    memset(worker, 0, sizeof *worker);
    worker->rt = rt;
    worker->index = i;
    worker->late = shape.late && i;
    worker->thread.id = outsiders() + i;
    mc_ignore(&worker->current, sizeof worker->current);
    mc_ignore(&worker->ready, sizeof worker->ready);
    mc_ignore(&worker->tick, sizeof worker->tick);
    statistics_ignore(worker, shape.has_fiber);
    return worker;
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    shape.ends = strchr(shape.script[0], 'D');
    shape.rests = !shape.ends && (shape.late || (shape.script[1] && strchr(shape.script[1], 'R')));
    shape.has_fiber = shape.script[1] && strpbrk(shape.script[1], "Vv");
    submitted = 0;
    memset(runs, 0, sizeof runs);
    memset(unparked, 0, sizeof unparked);
    rcu_setup(0);
    timeouts_setup(true);
    memset(&saved, 0, sizeof saved);
    rt = mc_alloc(sizeof *rt, FILCH_APART);
    memset(rt, 0, sizeof *rt);
    fl_worker_set_init(&rt->worker_set, shape.late ? 1 : shape.workers, shape.workers);
    filch_u32_store(&rt->worker_set.reach, shape.workers, FILCH_RELAXED);
    rt->worker = mc_alloc(shape.workers * sizeof(fl_worker *), _Alignof(fl_worker *));
    rt->queue = &fl_queue_chase_lev;
    rt->asymmetric = true;
    statistics_setup();
    mc_ignore(&rt->near, sizeof rt->near);
    fl_idle_init(&rt->idle, shape.late ? shape.workers - 1 : 0);
    for (unsigned i = 0; i < shape.workers; i++) {
        rt->worker[i] = lay_out_worker(i);
        if (!rt->worker[i]->late)
            fl_idle_search(&rt->idle);
    }
    rt->worker[0]->woken = shape.woken;
    if (shape.has_fiber) /* it suspended while the first worker ran it */
        filch_u64_store(&rt->worker[0]->counters[FL_SUSPENDED], 1, FILCH_RELAXED);
    if (shape.rests) {
        mc_ignore(rt, offsetof(filch_runtime, worker_set));
    } else if (!shape.ends) {
        mc_ignore(rt, offsetof(filch_runtime, idle));
    } else if (!shape.asks && !strpbrk(shape.script[0], "RG")) {
        mc_ignore(&rt->worker_set, sizeof rt->worker_set);
    }
    name_everything();
}

static bool may_rest(void)
{
    return true; /* asleep or retired; `finish` says whether that is right */
}

static void finish(void)
{
    for (unsigned i = 0; i < shape.workers && !shape.ends; i++)
        tell_reached(rt->worker[i]);
    for (unsigned i = 0; i < submitted; i++)
        MC_CLAIM(runs[i] == 1, "a work item is lost");
    MC_CLAIM(runs[FIBER] == (shape.has_fiber ? PARTS : 0), "a suspended fiber is lost");
    if (shape.rests) {
        uint64_t word = filch_u64_load(&rt->idle.word, FILCH_RELAXED);
        MC_CLAIM(fl_idle_resting(word) == shape.workers, "not all sleep or have retired");
        MC_CLAIM(fl_idle_searchers(word) == 0, "Q counts a searcher, but nobody searches");
        MC_CLAIM(!filch_u32_load(&rt->idle.tokens, FILCH_RELAXED), "a token is left");
    } else if (!shape.ends)
        MC_CLAIM(filch_u64_load(&rt->idle.word, FILCH_RELAXED) % FL_IDLE_CHANGE == 0,
                 "I counts workers that have left");
}

MC_SHAPE(wakers, .script = {"J", "J"}, .workers = 2)
MC_SHAPE(nap, .script = {"JJ"}, .workers = 2, .woken = true)
MC_SHAPE(three, .script = {"JJJ"}, .workers = 3)
MC_SHAPE(both_at_once, .script = {"A"}, .workers = 2)
MC_SHAPE(D_one, .script = {"D"}, .workers = 1)
MC_SHAPE(JD_one, .script = {"JD"}, .workers = 1)
MC_SHAPE(D, .script = {"D"}, .workers = 2)
MC_SHAPE(JD, .script = {"JD"}, .workers = 2)
MC_SHAPE(JD_more, .script = {"JD"}, .workers = 2, .more = true)
MC_SHAPE(shrink, .script = {"J", "R"}, .workers = 2)
MC_SHAPE(shrink_twice, .script = {"JJ", "R"}, .workers = 2)
MC_SHAPE(shrink_three, .script = {"J", "R"}, .workers = 3)
MC_SHAPE(grow, .script = {"JJ", "G"}, .workers = 2, .late = true, .hogs = true)
MC_SHAPE(both, .script = {"JJ", "RG"}, .workers = 2, .hogs = true)
MC_SHAPE(RD, .script = {"RD"}, .workers = 2)
MC_SHAPE(RJD, .script = {"RJD"}, .workers = 2)
MC_SHAPE(GJD, .script = {"GJD"}, .workers = 2, .late = true)
MC_SHAPE(JD_asks, .script = {"JD"}, .workers = 2, .more = true, .asks = true)
MC_SHAPE(fiber, .script = {"D", "V"}, .workers = 2)
MC_SHAPE(fiber_by_many, .script = {"D", "v"}, .workers = 2)
MC_SHAPE(fiber_one, .script = {"D", "v"}, .workers = 1)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, __VA_ARGS__            \
    }
#define RESIZED(...) ROW(__VA_ARGS__, .may_rest = may_rest)
#define TWO_OUTSIDE THREADS("outside", "resizer", "worker 0", "worker 1")
#define THREADS(...) .threads = {__VA_ARGS__}
#define ENDS .reaches = {"a token", "a sleep without a token"}
#define TOKENS .reaches = {"a token", "a token taken by another", "a sleep without a token"}

const mc_model mc_models[] = {
    ROW(wakers, "two wakers, two sleepers: tokens and park words",
        THREADS("outside", "outside 2", "worker 0", "worker 1"), .bound = 5, TOKENS),
    ROW(nap, "two wakes, one of the sleepers naps", THREADS("outside", "worker 0", "worker 1"),
        .bound = 5, TOKENS),
    ROW(three, "three work items, three sleepers",
        THREADS("outside", "worker 0", "worker 1", "worker 2"), .bound = 2, TOKENS),
    ROW(both_at_once, "two work items by one call, two sleepers",
        THREADS("outside", "worker 0", "worker 1"), .bound = 5, TOKENS),
    ROW(D_one, "destroy against a worker that falls asleep", THREADS("outside", "worker"), ENDS),
    ROW(JD_one, "a work item, then destroy", THREADS("outside", "worker"), .bound = 0, ENDS),
    ROW(D, "destroy, two workers", THREADS("outside", "worker 0", "worker 1"), .bound = 0, ENDS),
    ROW(JD, "a work item, then destroy, two workers", THREADS("outside", "worker 0", "worker 1"),
        .bound = 4, ENDS),
    ROW(JD_more, "the work item submits another", THREADS("outside", "worker 0", "worker 1"),
        .bound = 2, ENDS),
    ROW(fiber, "a suspended fiber that another runtime makes ready, twice",
        THREADS("outside", "visitor", "worker 0", "worker 1"), .random = 100000, ENDS),
    ROW(fiber_by_many, "the same by calls that submit many",
        THREADS("outside", "visitor", "worker 0", "worker 1"), .random = 100000, ENDS),
    ROW(fiber_one, "the same, one worker", THREADS("outside", "visitor", "worker"), .bound = 3,
        ENDS),
    RESIZED(shrink, "one of two retires while a work item comes", TWO_OUTSIDE, .bound = 3, TOKENS),
    RESIZED(shrink_twice, "the same while two come", TWO_OUTSIDE, .random = 100000, TOKENS),
    RESIZED(shrink_three, "two of three retire while a work item comes",
            THREADS("outside", "resizer", "worker 0", "worker 1", "worker 2"), .random = 100000,
            TOKENS),
    RESIZED(grow, "a worker more while the first one is stuck", TWO_OUTSIDE, .bound = 2, TOKENS),
    RESIZED(both, "retired and back while the other is stuck", TWO_OUTSIDE, .bound = 1, TOKENS),
    ROW(RD, "one retires, then destroy", THREADS("outside", "worker 0", "worker 1"), .bound = 3,
        ENDS),
    ROW(RJD, "the same with a work item between", THREADS("outside", "worker 0", "worker 1"),
        .bound = 2, ENDS),
    ROW(GJD, "a worker more, a work item, destroy", THREADS("outside", "worker 0", "worker 1"),
        .bound = 2, ENDS),
    ROW(JD_asks, "a work item that resizes, and submits another",
        THREADS("outside", "worker 0", "worker 1"), .bound = 2, ENDS),
    {.name = NULL}};
