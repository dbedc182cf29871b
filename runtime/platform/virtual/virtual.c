/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/virtual.h>

#include <filch/trace.h>
#include <runtime/platform/error.h>
#include <runtime/platform/virtual/baton.h>
#include <runtime/platform/virtual/choice.h>
#include <runtime/platform/virtual/loop.h>
#include <runtime/platform/virtual/schedule.h>
#include <runtime/platform/virtual/schedule_file.h>
#include <runtime/platform/virtual/threads.h>
#include <runtime/platform/virtual/watch.h>

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { POINT_TAKES = 100, SPIN_TAKES = 1000, READING_TAKES = 10 }; /* ns of the virtual clock */
#define BEGINS INT64_C(1000000000)                                 /* ns: no time is 0 */

filch_u32 fl_virtual_on;

static struct {
    fl_virtual_options options;
    fl_virtual_threads threads;
    uint32_t named, created; /* see add_thread */
    filch_u64 points;        /* of all threads; the watch looks at it */
    filch_u64 clock;         /* any thread may look at it */
    int64_t earliest;        /* the first time that a thread waits for; 0: none */
    fl_schedule written;
} all;

/* The calling thread, if it is a virtual one. */
static __thread fl_virtual_thread *here;

fl_virtual_threads *fl_virtual_threads_all(void)
{
    return &all.threads;
}

fl_virtual_thread *fl_virtual_here(void)
{
    if (!here)
        filch_die("a thread that is not virtual called Filch under FILCH_VIRTUAL; call it from "
                  "tasks, or from the thread that created the first runtime");
    return here;
}

/* ---- The clock ---- */

static int64_t passes(int64_t ns)
{
    return (int64_t)filch_u64_add(&all.clock, (uint64_t)ns, FILCH_RELAXED) + ns; /* a clock */
}

int64_t fl_virtual_now(void)
{
    return passes(READING_TAKES);
}

int64_t fl_virtual_clock(void)
{
    return (int64_t)filch_u64_load(&all.clock, FILCH_RELAXED); /* a clock */
}

static void becomes_ready(fl_virtual_thread *thread, bool is_late)
{
    thread->state = FL_VIRTUAL_READY;
    thread->is_late = is_late;
    thread->word = NULL;
}

/* Threads whose time has come are ready. Finds the next time. */
static void let_time_pass(int64_t now)
{
    all.earliest = 0;
    for (unsigned i = 0; i < all.threads.count; i++) {
        fl_virtual_thread *one = all.threads.all[i];
        if (one->state != FL_VIRTUAL_WAITS || !one->until)
            continue;
        if (one->until <= now)
            becomes_ready(one, true);
        else if (!all.earliest || one->until < all.earliest)
            all.earliest = one->until;
    }
}

static bool any_ready(void)
{
    for (unsigned i = 0; i < all.threads.count; i++)
        if (all.threads.all[i]->state == FL_VIRTUAL_READY)
            return true;
    return false;
}

static void note_end(enum fl_schedule_end end)
{
    if (all.written.header)
        all.written.header->ended = end;
}

/* Some thread can run when this returns. */
static void have_one_ready(int64_t takes)
{
    int64_t now = passes(takes);
    if (all.earliest && all.earliest <= now)
        let_time_pass(now);
    while (!any_ready()) {
        if (!all.earliest) {
            note_end(FL_SCHEDULE_DEADLOCK);
            filch_die("deadlock: none of %u virtual threads can run, and none has a deadline",
                      all.threads.count);
        }
        filch_u64_store(&all.clock, (uint64_t)all.earliest, FILCH_RELAXED); /* a clock */
        let_time_pass(all.earliest);
    }
}

/* ---- The baton ---- */

static void await_turn(fl_virtual_thread *thread)
{
    fl_baton_await(&thread->baton);
    fl_virtual_watch_runs(thread->number);
}

static void record(fl_virtual_thread *from, const fl_virtual_thread *to, enum fl_schedule_why why,
                   const void *place)
{
    if (!all.written.header)
        return;
    bool usual = to == fl_choice_usual(&all.threads, from, why);
    all.written.header->points = filch_u64_load(&all.points, FILCH_RELAXED); /* the baton's */
    if (from != to)
        fl_schedule_add(&all.written, &(fl_schedule_entry){.from = from->number,
                                                           .to = to->number,
                                                           .point = from->point,
                                                           .place = place ? fl_virtual_place(place)
                                                                          : fl_virtual_caller(),
                                                           .why = why,
                                                           .usual = usual});
}

static uint64_t next_point(fl_virtual_thread *thread)
{
    thread->point++;
    uint64_t points = filch_u64_load(&all.points, FILCH_RELAXED) + 1; /* the baton's */
    filch_u64_store(&all.points, points, FILCH_RELAXED);              /* the watch looks */
    if (all.options.limit && points > all.options.limit) {
        note_end(FL_SCHEDULE_NO_PROGRESS);
        filch_die("no progress: %llu decision points have passed (FILCH_EXPLORE=limit=%llu)",
                  (unsigned long long)points, (unsigned long long)all.options.limit);
    }
    return points;
}

/* The thread that goes on. */
static fl_virtual_thread *decide(fl_virtual_thread *thread, enum fl_schedule_why why,
                                 const void *place)
{
    uint64_t points = next_point(thread);
    have_one_ready(why == FL_SCHEDULE_SPINS ? SPIN_TAKES : POINT_TAKES);
    fl_virtual_thread *to = fl_choice_next(&all.threads, thread, why, points);
    record(thread, to, why, place);
    return to;
}

static void stop(fl_virtual_thread *thread, enum fl_schedule_why why, const void *place)
{
    fl_virtual_thread *to = decide(thread, why, place);
    if (to == thread)
        return;
    fl_baton_give(&to->baton);
    await_turn(thread);
}

/* ---- Decisions ---- */

__attribute__((noinline)) void fl_virtual_point(const void *place)
{
    fl_virtual_thread *thread = fl_virtual_here();
    thread->idles = place && fl_loop_waits(&thread->loop);
    bool gives_way = place && fl_loop_gives_way(&thread->loop);
    stop(thread, gives_way ? FL_SCHEDULE_SPINS : FL_SCHEDULE_PREEMPTED, place);
    thread->idles = false;
}

__attribute__((noinline)) void fl_virtual_yield(void)
{
    stop(fl_virtual_here(), FL_SCHEDULE_SPINS, __builtin_return_address(0));
}

bool fl_virtual_wait(filch_u32 *word, uint32_t value, int64_t until)
{
    fl_virtual_thread *thread = fl_virtual_here();
    if (filch_u32_load(word, FILCH_SEQ_CST) != value) /* as the kernel looks */
        return false;
    if (until && until <= fl_virtual_now())
        return true;
    thread->state = FL_VIRTUAL_WAITS;
    thread->word = word;
    thread->until = until;
    if (until && (!all.earliest || until < all.earliest))
        all.earliest = until;
    stop(thread, FL_SCHEDULE_WAITS, __builtin_return_address(0));
    return thread->is_late;
}

void fl_virtual_wake(filch_u32 *word, int count)
{
    fl_virtual_here();
    for (unsigned i = 0; i < all.threads.count && count > 0; i++) {
        fl_virtual_thread *one = all.threads.all[i];
        if (one->state != FL_VIRTUAL_WAITS || one->word != word)
            continue;
        becomes_ready(one, false);
        count--;
    }
}

void filch_explore_point(void)
{
    if (!fl_virtual())
        return;
    fl_virtual_point(__builtin_return_address(0));
    fl_loop_point(&here->loop, __builtin_return_address(0));
}

int fl_virtual_refuse(const char *call)
{
    if (!fl_virtual())
        return 0;
    return fl_fail(ENOTSUP,
                   "%s depends on the environment, which no seed controls; run without "
                   "FILCH_VIRTUAL, or avoid it",
                   call);
}

/* ---- Life of a thread ---- */

/* The first threads have the numbers 0 to `workers`, which reports name. A thread that serves the library, and
 * those that come later, have higher ones. */
static fl_virtual_thread *add_thread(bool serves)
{
    fl_virtual_thread *thread =
        all.threads.count < FL_VIRTUAL_THREADS ? calloc(1, sizeof *thread) : NULL;
    if (!thread)
        return NULL;
    thread->number = !serves && all.named <= all.options.workers
                         ? all.named++
                         : all.options.workers + 1 + all.created++;
    fl_choice_joins(thread);
    all.threads.all[all.threads.count++] = thread;
    return thread;
}

fl_virtual_thread *fl_virtual_create(bool serves)
{
    fl_virtual_here();
    return add_thread(serves);
}

void fl_virtual_forget(fl_virtual_thread *thread)
{
    unsigned i = 0;
    while (all.threads.all[i] != thread)
        i++;
    for (all.threads.count--; i < all.threads.count; i++)
        all.threads.all[i] = all.threads.all[i + 1];
    free(thread);
}

void fl_virtual_enter(fl_virtual_thread *thread)
{
    here = thread;
    await_turn(thread);
}

void fl_virtual_leave(void)
{
    fl_virtual_thread *thread = here;
    thread->state = FL_VIRTUAL_LEFT;
    fl_virtual_wake(&thread->baton.turn, 1); /* a joining thread waits for it */
    here = NULL;
    fl_baton_give(&decide(thread, FL_SCHEDULE_LEAVES, NULL)->baton);
}

void fl_virtual_join(const fl_virtual_thread *thread)
{
    fl_virtual_thread *joins = fl_virtual_here();
    if (thread->state == FL_VIRTUAL_LEFT)
        return;
    joins->state = FL_VIRTUAL_WAITS;
    joins->word = (filch_u32 *)&thread->baton.turn;
    joins->until = 0;
    stop(joins, FL_SCHEDULE_WAITS, __builtin_return_address(0));
}

/* ---- Its beginning and end ---- */

static void end_process(void)
{
    if (!all.written.header || !here)
        return;
    note_end(FL_SCHEDULE_DONE);
    all.written.header->points = filch_u64_load(&all.points, FILCH_RELAXED); /* the baton's */
    fl_schedule_close(&all.written);
}

static void before_fork(void)
{
    filch_die(
        "fork() under FILCH_VIRTUAL: another virtual worker may have stopped with a lock that the "
        "child needs; use posix_spawn, or run without FILCH_VIRTUAL");
}

static int refuse_other(const fl_virtual_options *options)
{
    fl_virtual_here();
    return options->workers == all.options.workers
               ? 0
               : fl_fail(EINVAL, "FILCH_VIRTUAL=%u differs from the first runtime's %u; keep it",
                         options->workers, all.options.workers);
}

static int prepare(const fl_virtual_options *options)
{
    int rc = fl_choice_begin(options);
    if (!rc && options->record)
        rc = fl_schedule_create(&all.written, options->record, options->workers, options->seed);
    if (!rc && (atexit(end_process) || pthread_atfork(before_fork, NULL, NULL)))
        rc = fl_fail(ENOMEM, "no memory for FILCH_VIRTUAL; free some");
    return rc;
}

int fl_virtual_begin(const fl_virtual_options *options)
{
    if (fl_virtual())
        return refuse_other(options);
    int rc = prepare(options);
    if (rc)
        return rc;
    mallopt(M_ARENA_MAX, 1); /* or the start of threads would decide where memory lies */
    all.options = *options;
    all.threads.is_team = options->is_team;
    filch_u64_store(&all.clock, BEGINS, FILCH_RELAXED); /* the only thread of the library */
    here = add_thread(false);
    if (!here)
        return fl_fail(ENOMEM, "no memory for FILCH_VIRTUAL; free some");
    rc = fl_virtual_watch_begin(&all.points);
    if (!rc)
        filch_u32_store(&fl_virtual_on, 1, FILCH_RELAXED); /* threads started from now on see it */
    return rc;
}
