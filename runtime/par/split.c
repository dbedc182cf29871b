/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/par/split.h>

#include <filch/task.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/runtime.h>
#include <runtime/par/pace.h>
#include <runtime/par/site.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/cycle_clock.h>
#include <runtime/platform/spin.h>
#include <sched/forkstack.h>
#include <sched/idle.h>
#include <sched/queue.h>

#include <errno.h>
#include <stdlib.h>

enum {
    ROOM = 64,     /* bytes of a sum that a frame has room for */
    GRAIN = 4000,  /* ns: a piece of a loop whose speed is known lasts at least so long */
    BIT = 250,     /* ns of work between two looks for a thief */
    MEETING = 1000 /* ns to wait for the request of a thief that searches */
};

/* The upper half of a piece while it is forked, in the frame that runs the lower one. */
typedef struct part {
    fl_loop *loop;
    size_t begin, end, chunk, grain, bit;
    bool meets;
    uint64_t worked;                      /* by the thief */
    enum { KEPT, DONE, STARVED } outcome; /* not stolen; stolen and run; no memory for its sum */
    void *sum;                            /* the thief's, when DONE; NULL: the loop has none */
    bool spent;                           /* it is joined, or dropped */
    char room[ROOM] FILCH_ALIGNED(16);
} part;

static void run(filch_self self, fl_loop *loop, size_t begin, size_t end, fl_pace *pace, void *sum);

static bool make_sum(filch_self self, part *p)
{
    const fl_sums *sums = p->loop->sums;
    p->sum = NULL;
    if (!sums)
        return true;
    void *block = sums->size <= ROOM ? NULL : malloc(sums->size);
    p->sum = sums->size <= ROOM ? p->room : block;
    FL_ON_PANIC(free, block);
    if (p->sum && sums->make(p->loop->context, p->sum))
        return true;
    free(block);
    return false;
}

/* Run by a thief. */
FILCH_VOID_TASK(piece, (part *, p))
{
    fl_pace pace = fl_pace_resume(p->chunk, p->loop->hint, fl_ticks());
    pace.grain = p->grain;
    pace.meets = p->meets;
    pace.bit = p->bit;
    p->outcome = make_sum(self, p) ? DONE : STARVED;
    if (p->outcome == DONE)
        run(self, p->loop, p->begin, p->end, &pace, p->sum);
    fl_pace_rest(&pace, fl_ticks());
    p->worked = pace.worked;
}

/* Run by its owner's join: nothing, the owner's loop goes on with it. */
static void keep(filch_self self, part *p)
{
    (void)self;
    p->outcome = KEPT;
}

bool fl_idle_demand(filch_self self)
{
    return fl_forkstack_empty(self) && fl_workers(fl_fiber_of(self)->worker->rt) > 1;
}

void fl_heed(filch_self self)
{
    fl_fiber *fiber = fl_fiber_of(self);
    if (fl_forkstack_requested(&fiber->stack))
        fiber->worker->rt->queue->forked(fiber->worker, self);
}

bool fl_loop_stop(fl_loop *loop, int code)
{
    uint32_t none = 0;
    return filch_u32_cas(&loop->stopped, &none, (uint32_t)code,
                         FILCH_RELAXED); /* joins order everything else */
}

void fl_loop_break(void *loop)
{
    fl_loop_stop(loop, -ECANCELED);
}

int fl_loop_stopped(const fl_loop *loop)
{
    return (int)filch_u32_load(&loop->stopped, FILCH_RELAXED); /* a moment later will do */
}

/* Drops what a thief summed up in the upper half, if it still is there. */
static void close_part(void *arg)
{
    part *p = arg;
    const fl_sums *sums = p->loop->sums;
    if (p->outcome != DONE || !sums)
        return;
    bool drop = !p->spent && sums->drop;
    p->spent = true;
    if (drop)
        sums->drop(p->loop->context, p->sum);
    if (p->sum != p->room)
        free(p->sum);
}

/* Adds it; a sum that no longer counts is dropped. */
static void join_sum(part *p, void *sum)
{
    const fl_sums *sums = p->loop->sums;
    if (p->outcome == DONE && sums && !fl_loop_stopped(p->loop)) {
        p->spent = true;
        sums->join(p->loop->context, sum, p->sum);
    }
    close_part(p);
}

/* Do more workers than `but` search, so that one is about to look at this fiber's forks? The thief
 * of the fork just before may still count as searching. */
static bool is_thief_near(filch_self self, unsigned but)
{
    fl_runtime *rt = fl_fiber_of(self)->worker->rt;
    return rt->queue->gives && fl_may_spin(rt) && fl_idle_searchers(fl_idle_look(&rt->idle)) > but;
}

static void run_chunk(filch_self self, fl_loop *loop, size_t begin, size_t end, void *sum)
{
    int code = loop->chunk(self, begin, end, loop->context, sum);
    if (code)
        fl_loop_stop(loop, code);
}

/* Until a thief has the fork, or is not coming, runs bits of [begin, end), or waits where a single
 * iteration lasts longer than a bit. Returns the index to go on with. */
static size_t meet_thief(filch_self self, fl_loop *loop, size_t begin, size_t end, fl_pace *pace,
                         void *sum)
{
    const fl_forkstack *stack = &fl_fiber_of(self)->stack;
    fl_spin spin = fl_spin_begin(MEETING);
    while (!fl_forkstack_empty(self) && !fl_forkstack_requested(stack) && fl_spin_on(&spin)) {
        if (!pace->bit || begin == end || fl_loop_stopped(loop))
            continue;
        size_t some = pace->bit < end - begin ? pace->bit : end - begin;
        run_chunk(self, loop, begin, begin + some, sum);
        begin += some;
    }
    fl_heed(self);
    pace->met = pace->meets = fl_forkstack_empty(self); /* else it waits no more */
    fl_pace_rest(pace, fl_ticks());
    return begin;
}

/* Forks the upper half of the range and runs the lower one. Returns the index to go on with: the
 * end if the upper half was stolen, else its first. */
static size_t split(filch_self self, fl_loop *loop, size_t begin, size_t end, fl_pace *pace,
                    void *sum)
{
    part upper;
    const bool meets = pace->meets && is_thief_near(self, pace->met);
    upper.loop = loop;
    upper.begin = begin + (end - begin) / 2 + (meets ? pace->bit : 0);
    upper.end = end;
    upper.chunk = pace->chunk;
    upper.grain = pace->grain;
    upper.meets = pace->meets;
    upper.bit = pace->bit;
    upper.worked = 0;
    upper.outcome = KEPT;
    upper.spent = false;
    FL_ON_PANIC(close_part, &upper);
    fl_pace_shared(pace);
    FILCH_FORK(piece, &upper);
    if (meets)
        begin = meet_thief(self, loop, begin, upper.begin, pace, sum);
    run(self, loop, begin, upper.begin, pace, sum);
    fl_pace_rest(pace, fl_ticks());
    FL_JOIN_OR(piece, keep);
    pace->worked += upper.worked;
    join_sum(&upper, sum);
    pace->since = fl_ticks();
    pace->alone = pace->alone || upper.outcome == STARVED;
    pace->helped = pace->helped || upper.outcome == DONE;
    return upper.outcome == DONE ? end : upper.begin;
}

static bool may_split(const fl_loop *loop, const fl_pace *pace, size_t left)
{
    return fl_pace_may_split(pace, left) &&
           (!loop->worth || fl_pace_lasts(pace, left / 2) >= loop->worth);
}

static void run(filch_self self, fl_loop *loop, size_t begin, size_t end, fl_pace *pace, void *sum)
{
    FL_ON_PANIC(fl_loop_break, loop);
    while (begin < end && !fl_loop_stopped(loop)) {
        fl_heed(self);
        if (may_split(loop, pace, end - begin) && fl_idle_demand(self)) {
            begin = split(self, loop, begin, end, pace, sum);
            continue;
        }
        size_t some = fl_pace_next(pace, end - begin);
        run_chunk(self, loop, begin, begin + some, sum);
        begin += some;
        if (begin < end)
            fl_pace_ran(pace, some, fl_ticks(), FL_TICKS_PER_US);
    }
}

static void start_warm(fl_pace *pace, const fl_lesson *lesson)
{
    pace->cold = false;
    pace->meets = true;
    pace->chunk = fl_lesson_iterations(lesson, FL_PACE_CHUNK);
    pace->slow = fl_lesson_time(lesson, 1) / FL_PACE_CHUNK;
    pace->grain = fl_lesson_iterations(lesson, GRAIN);
    pace->bit = fl_lesson_time(lesson, 1) > BIT ? 0 : fl_lesson_iterations(lesson, BIT);
}

static enum fl_start start(filch_self self, fl_pace *pace, const fl_lesson *lesson, size_t n)
{
    enum fl_start how = fl_lesson_start(lesson, n);
    if (how == FL_START_READY)
        how = is_thief_near(self, 0) ? FL_START_WARM : FL_START_ALONE;
    if (how == FL_START_WARM && fl_workers(fl_fiber_of(self)->worker->rt) == 1)
        how = FL_START_COLD;
    if (how == FL_START_WARM)
        start_warm(pace, lesson);
    else if (how == FL_START_ALONE)
        pace->patience = FL_PACE_COLD + 2 * (unsigned)fl_lesson_time(lesson, n);
    return how;
}

/* A loop that is short, and always was, is not worth another look at the clock. */
static bool is_news(const fl_pace *pace, const fl_lesson *lesson, enum fl_start how)
{
    return how != FL_START_ALONE || lesson->pause || !pace->cold ||
           pace->worked * 1000 >= FL_SITE_READY / 2 * FL_TICKS_PER_US;
}

static void learn(const fl_loop *loop, fl_pace *pace, fl_lesson *lesson, enum fl_start how,
                  size_t n)
{
    if (!is_news(pace, lesson, how))
        return;
    fl_pace_rest(pace, fl_ticks());
    const fl_lesson_call call = {.n = n,
                                 .worked = pace->worked * 1000 / FL_TICKS_PER_US,
                                 .elapsed = (pace->since - pace->started) * 1000 / FL_TICKS_PER_US,
                                 .warm = how == FL_START_WARM,
                                 .shared = pace->shared};
    fl_lesson_learn(lesson, &call);
    fl_site_keep(loop->site, n, *lesson);
}

/* Its time on one worker: that of a call that never forked; else the usual time, unless its workers
 * took less together. Forks and wake-ups are in what they took. */
static uint64_t time_alone(const fl_pace *pace, const fl_lesson *lesson, size_t n, uint64_t time)
{
    const uint64_t elapsed = pace->since - pace->started;
    const double usual = (double)fl_lesson_time(lesson, n) * (double)FL_TICKS_PER_US / 1000;
    const double worked = (double)pace->worked;
    if (!pace->shared || !elapsed)
        return time;
    return (uint64_t)((double)time * (usual < worked ? usual : worked) / (double)elapsed);
}

/* began: of fl_tax_begin. */
static FILCH_COLD void report(filch_self self, const fl_loop *loop, const fl_pace *pace,
                              const fl_lesson *lesson, size_t n, uint64_t began)
{
    const uint64_t time = fl_steady_now(false) - began;
    const fl_tax_call call = {.body = loop->site,
                              .n = n,
                              .time = time,
                              .serial = time_alone(pace, lesson, n, time),
                              .helped = pace->helped};
    fl_tax_add(fl_fiber_of(self)->worker, &call);
}

int fl_loop_run(filch_self self, fl_loop *loop, size_t begin, size_t end, void *sum)
{
    fl_pace pace = fl_pace_start(loop->hint, fl_ticks());
    if (!loop->site) {
        run(self, loop, begin, end, &pace, sum);
        return fl_loop_stopped(loop);
    }
    const size_t n = end - begin;
    const uint64_t began = fl_tax_begin();
    fl_lesson lesson = fl_site_recall(loop->site, n);
    const enum fl_start how = start(self, &pace, &lesson, n);
    run(self, loop, begin, end, &pace, sum);
    const int code = fl_loop_stopped(loop);
    if (!code)
        learn(loop, &pace, &lesson, how, n);
    if (FILCH_UNLIKELY(began) && !code)
        report(self, loop, &pace, &lesson, n, began);
    return code;
}
