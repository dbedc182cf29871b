/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/deadlock.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/find_work.h>
#include <runtime/engine/observe/waiting_list.h>
#include <runtime/engine/park.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/settings.h>
#include <runtime/engine/starvation.h>
#include <runtime/engine/statistics.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/platform/warning.h>
#include <runtime/sync/blocking.h>
#include <runtime/sync/deadlock_report.h>
#include <runtime/sync/timer.h>
#include <runtime/sync/timer_shards.h>
#include <sched/idle.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GRACE = 50 * 1000 * 1000 /* ns, twice */ };
/* ns between looks while timers are pending and nobody has asked for reports. */
static const int64_t PATIENCE = INT64_C(1000000000);
/* ns between two reports of starvation, which may end and come back many times a second. */
static const int64_t STARVATION_PAUSE = 10 * INT64_C(1000000000);

static struct {
    filch_u32 lock; /* of what follows */
    fl_runtime *runtimes;
    filch_deadlock_fn *fn;
    void *fn_arg;
    fl_timer timer;
    int64_t looks_at; /* 0: the timer is not started */
    uint64_t seen;    /* the changes when all was at rest for the first time; 0: it was not */
    uint64_t told;    /* the steps of the last report */
    uint64_t starvation_seen;     /* as `seen`, of the starving runtimes */
    int64_t starvation_told_next; /* not before then */
} detector;

/* ---- Is everything at rest? With the lock ---- */

/* Runtimes that want reports and in which waiting tasks cannot begin, for want of memory for a
 * fiber. */
typedef struct starvation {
    unsigned runtimes;
    enum fl_deadlock does; /* the gravest reaction of them all */
    uint64_t changes;
} starvation;

typedef struct view {
    bool resting;
    unsigned suspended; /* tasks, in runtimes that want reports */
    unsigned waiting;   /* threads that are not workers, if any runtime wants reports of them */
    unsigned seated;    /* of those, threads whose tasks are counted in `suspended` */
    unsigned threads;   /* the library's */
    enum fl_deadlock does, at_most; /* of the runtimes of those tasks; of all */
    uint64_t changes;
    uint64_t steps; /* of tasks and threads alone: a worker that wakes up for nothing takes none */
    starvation starvation;
} view;

static void mix(uint64_t *all, uint64_t word)
{
    *all = (*all ^ word) * UINT64_C(0xd6e8feb86659fd93) + 1;
}

static uint32_t count_of(const filch_u32 *party)
{
    return filch_u32_load(party, FILCH_SEQ_CST); /* seq_cst: as said in threads.h */
}

static bool only_warns(void)
{
    return filch_u32_load(&fl_detector_on, FILCH_RELAXED) == FL_DETECTOR_WARNS; /* a look */
}

/* Threads that are not workers, and events outside, can wake nobody. */
static bool threads_rest(void)
{
    return !count_of(&fl_threads.blind) && !count_of(&fl_threads.outside) &&
           count_of(&fl_threads.alive) == count_of(&fl_threads.waiting);
}

/* A worker without a fiber cannot begin a waiting task. A sleeping worker with a fiber would have
 * begun it. */
static bool nothing_can_begin(fl_runtime *rt, uint64_t word, uint32_t starved)
{
    return !fl_work_anywhere(rt) || (starved && !fl_idle_sleepers(word));
}

/* Timers and threads may still wake one of its fibers: then its tasks go on. */
static void look_for_starvation(starvation *all, fl_runtime *rt, uint64_t word, uint32_t starved)
{
    if (!starved || rt->settings.deadlock == FL_DEADLOCK_OFF ||
        fl_idle_resting(word) + starved != rt->worker_set.most || fl_idle_sleepers(word) ||
        !fl_work_anywhere(rt) || fl_fibers_count(&rt->fibers) >= rt->settings.max_fibers)
        return;
    all->runtimes++;
    if (rt->settings.deadlock > all->does)
        all->does = rt->settings.deadlock;
    mix(&all->changes, count_of(&rt->fibers.starve.relief));
    mix(&all->changes, fl_sum(rt, FL_SUSPENSIONS));
}

static void note_unblocked(const fl_fiber *fiber, const char *call, void *arg)
{
    bool *found = arg;
    (void)call;
    *found = *found || (fiber->may_block && !fiber->may_block(fiber->blocked_by));
}

/* A seat counts as waiting until its thread runs again, which takes long on a busy machine. */
static bool seats_are_blocked(fl_runtime *rt)
{
    bool found = false;
    if (count_of(&rt->seats_waiting))
        fl_waits_each(rt, note_unblocked, &found);
    return !found;
}

/* All its workers have found nothing. If it is finished, or about to be, it wakes its destroyer. */
static bool rests(fl_runtime *rt, uint64_t word, uint32_t starved, unsigned calls)
{
    bool ending_soon = count_of(&rt->stopping) && !fl_sum_suspended(rt);
    return fl_idle_resting(word) + starved + count_of(&rt->seats_waiting) == rt->worker_set.most &&
           !ending_soon && !calls && !count_of(&rt->inbox.visitors) && !count_of(&rt->finished) &&
           !fl_idle_has_token(&rt->idle) && !fl_called_back(rt) &&
           nothing_can_begin(rt, word, starved) && seats_are_blocked(rt);
}

static void look_at_runtime(view *all, fl_runtime *rt)
{
    uint64_t word = fl_idle_look(&rt->idle), suspended = fl_sum_suspended(rt);
    unsigned calls, carriers;
    fl_blocking_count(rt, &calls, &carriers);
    uint32_t starved = count_of(&rt->fibers.starve.asleep);
    all->resting = all->resting && rests(rt, word, starved, calls);
    all->threads +=
        (rt->seats ? 0 : fl_reach(rt)) + carriers + (rt->share != NULL); /* its publisher */
    if (rt->settings.deadlock != FL_DEADLOCK_OFF) {
        all->suspended += (unsigned)suspended;
        all->seated += rt->seats ? (unsigned)suspended : 0;
        if (suspended && rt->settings.deadlock > all->does)
            all->does = rt->settings.deadlock;
        if (rt->settings.deadlock > all->at_most)
            all->at_most = rt->settings.deadlock;
    }
    look_for_starvation(&all->starvation, rt, word, starved);
    mix(&all->changes, word);
    mix(&all->changes, count_of(&rt->fibers.starve.relief));
    mix(&all->steps, suspended);
    mix(&all->steps, fl_sum(rt, FL_SUSPENSIONS));
}

static view look(void)
{
    view all = {.threads = 2 /* the timer thread, liburcu's */};
    all.threads += fl_virtual(); /* the watch over virtual threads */
#ifdef FILCH_TSAN
    all.threads++; /* thread sanitizer's */
#endif
    all.resting = threads_rest();
    for (fl_runtime *rt = detector.runtimes; rt; rt = rt->next)
        look_at_runtime(&all, rt);
    all.threads += count_of(&fl_threads.alive);
    if (!all.suspended)
        all.does = all.at_most;
    if (all.suspended || all.at_most != FL_DEADLOCK_OFF)
        all.waiting = count_of(&fl_threads.waiting);
    all.waiting -= all.waiting < all.seated ? all.waiting : all.seated;
    uint64_t changed =
        filch_u64_load(&fl_threads.changes, FILCH_SEQ_CST); /* seq_cst: as said in threads.h */
    mix(&all.changes, changed);
    if (!only_warns()) /* the thread of a log sink, which writes the warning, takes some */
        mix(&all.steps, changed);
    return all;
}

/* Threads of the process that are not the library's and have never called it. */
static unsigned strangers(unsigned known)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return 1;
    for (struct dirent *one; (one = readdir(tasks));)
        count += one->d_name[0] != '.';
    closedir(tasks);
    return count > known ? count - known : 0;
}

/* ---- Looking ---- */

static void look_later(int64_t when);

/* next: of the pending timers; INT64_MAX: there is none. */
static void look_after(int64_t next)
{
    int64_t now = fl_now(), from = next == INT64_MAX ? now : next;
    if (next != INT64_MAX && only_warns() && from < now + PATIENCE)
        from = now + PATIENCE;
    if (from <= INT64_MAX - GRACE)
        look_later(from + GRACE);
}

/* Without the lock, which a callback may take. */
static void tell(const char *report, enum fl_deadlock does, filch_deadlock_fn *fn, void *arg)
{
    if (fn) {
        fn(report, arg);
    } else if (does == FL_DEADLOCK_WARN) {
        fl_warn(report);
    } else if (does >= FL_DEADLOCK_REPORT) {
        ssize_t written = write(STDERR_FILENO, report, strlen(report));
        (void)written;
    }
    if (does == FL_DEADLOCK_DIE)
        abort();
}

void fl_detector_tell(const char *line, enum fl_deadlock does)
{
    fl_lock(&detector.lock);
    filch_deadlock_fn *fn = detector.fn;
    void *arg = detector.fn_arg;
    fl_unlock(&detector.lock);
    if (does != FL_DEADLOCK_OFF)
        tell(line, FL_DEADLOCK_WARN, fn, arg);
}

/* true: report it. */
static bool find_out(view *all)
{
    *all = look();
    bool stuck = all->resting && (all->suspended || all->waiting);
    int64_t next = stuck ? fl_timers_next() : INT64_MAX;
    if (!stuck || next != INT64_MAX || all->changes != detector.seen) {
        detector.seen = stuck && next == INT64_MAX ? all->changes : 0;
        if (stuck)
            look_after(next);
        return false;
    }
    if (all->steps == detector.told)
        return false;
    detector.told = all->steps;
    return true;
}

/* true: report it. Its workers nap, and raise suspicion after each nap, so there is a next look. */
static bool find_starvation(const starvation *all)
{
    int64_t now = fl_now();
    uint64_t seen = detector.starvation_seen;
    detector.starvation_seen = all->runtimes ? all->changes : 0;
    if (!all->runtimes || all->changes != seen || now < detector.starvation_told_next)
        return false;
    detector.starvation_told_next = now + STARVATION_PAUSE;
    return true;
}

/* The text to tell, by the reaction all->does, which may become a milder one; NULL: none. With the lock. */
static const char *spell(view *all, bool found, bool starves)
{
    bool warns = all->does == FL_DEADLOCK_WARN && !detector.fn;
    unsigned others = found ? strangers(all->threads) : 0;
    if (found && warns) /* only what is certain */
        return others ? NULL : fl_deadlock_line(detector.runtimes, all->suspended, all->waiting);
    if (found && others && !all->suspended) /* threads alone may well wait for a stranger */
        return NULL;
    if ((others || starves) && all->does == FL_DEADLOCK_DIE)
        all->does = FL_DEADLOCK_REPORT;
    if (found)
        return fl_deadlock_spell(detector.runtimes, all->suspended, all->waiting, others);
    return starves && !warns ? fl_starvation_spell(detector.runtimes) : NULL;
}

static void timer_thread_looks(void *unused)
{
    (void)unused;
    view all;
    fl_lock(&detector.lock);
    detector.looks_at = 0;
    bool found = find_out(&all), starves = find_starvation(&all.starvation) && !found;
    if (starves)
        all.does = all.starvation.does;
    const char *report = spell(&all, found, starves);
    filch_deadlock_fn *fn = detector.fn;
    void *arg = detector.fn_arg;
    fl_unlock(&detector.lock);
    if (report)
        tell(report, all.does, fn, arg);
}

/* With the lock. Without a timer it finds nothing. */
static void look_later(int64_t when)
{
    if (!detector.looks_at) {
        if (!fl_timer_start_call(&detector.timer, when, timer_thread_looks, NULL))
            detector.looks_at = when;
    } else if (when < detector.looks_at && fl_timer_reset(&detector.timer, when)) {
        detector.looks_at = when;
    }
}

/* Could this runtime be at rest? A worker that starves naps, and looks between two naps. */
static bool may_rest(fl_runtime *rt)
{
    unsigned calls, carriers;
    fl_blocking_count(rt, &calls, &carriers);
    return rests(rt, fl_idle_look(&rt->idle), count_of(&rt->fibers.starve.starving), calls);
}

/* A suspicion while nobody has asked for reports. In programs without a fault nearly all of them
 * end here, so that these programs get no timer and no thread. A party that is not at rest yet
 * raises the next suspicion. With the lock. */
static void suspect_quietly(void)
{
    int64_t now = fl_now();
    if (detector.looks_at && detector.looks_at <= now + GRACE)
        return;
    for (fl_runtime *rt = detector.runtimes; rt; rt = rt->next)
        if (!may_rest(rt))
            return;
    if (threads_rest()) /* still: the last worker may just have told one */
        look_after(fl_timers_next());
}

FILCH_COLD void fl_detector_suspect(void)
{
    bool quietly = only_warns();
    if (quietly && !threads_rest())
        return;
    fl_lock(&detector.lock);
    if (quietly)
        suspect_quietly();
    else
        look_later(fl_now() + GRACE);
    fl_unlock(&detector.lock);
}

/* ---- For others ---- */

/* With the lock. */
static void switch_on(uint32_t how)
{
    if (filch_u32_load(&fl_detector_on, FILCH_RELAXED) < how) /* changes under the lock */
        filch_u32_store(&fl_detector_on, how, FILCH_RELAXED); /* a look's; suspicion follows */
}

void fl_detector_enlist(fl_runtime *rt)
{
    fl_lock(&detector.lock);
    if (rt->settings.deadlock != FL_DEADLOCK_OFF)
        switch_on(rt->settings.deadlock >= FL_DEADLOCK_REPORT ? FL_DETECTOR_REPORTS
                                                              : FL_DETECTOR_WARNS);
    rt->next = detector.runtimes;
    detector.runtimes = rt;
    fl_unlock(&detector.lock);
    fl_suspect(); /* for reports it starts the timer thread: later there may be no memory for it */
}

void fl_detector_strike_off(fl_runtime *rt)
{
    fl_lock(&detector.lock);
    fl_runtime **at = &detector.runtimes;
    while (*at != rt)
        at = &(*at)->next;
    *at = rt->next;
    fl_unlock(&detector.lock);
    fl_suspect();
}

void fl_detector_forget(void)
{
    filch_deadlock_fn *fn = detector.fn;
    void *arg = detector.fn_arg;
    memset(&detector, 0, sizeof detector);
    detector.fn = fn;
    detector.fn_arg = arg;
    fl_threads_forget();
}

void filch_on_deadlock(filch_deadlock_fn *fn, void *arg)
{
    fl_lock(&detector.lock);
    detector.fn = fn;
    detector.fn_arg = arg;
    detector.told = 0;
    detector.starvation_told_next = 0;
    if (fn)
        switch_on(FL_DETECTOR_REPORTS);
    fl_unlock(&detector.lock);
    if (fn)
        fl_suspect();
}

/* ---- Standstill ---- */

static const int64_t FIRST = INT64_C(1000000000); /* ns */

static bool stands_still(fl_runtime *rt)
{
    uint64_t word = fl_idle_look(&rt->idle);
    uint32_t starving = filch_u32_load(&rt->fibers.starve.starving, FILCH_RELAXED); /* a look */
    return fl_fibers_count(&rt->fibers) >= rt->settings.max_fibers &&
           fl_idle_resting(word) + starving == rt->worker_set.most && !fl_idle_sleepers(word) &&
           fl_work_anywhere(rt);
}

/* A number that changes whenever a task runs, or a fiber can be had. */
static uint64_t progress(fl_runtime *rt)
{
    uint64_t reliefs = fl_starve_look(&rt->fibers.starve); /* ReadRelief */
    return fl_sum(rt, FL_SUSPENSIONS) + fl_sum(rt, FL_SWITCHES) + (reliefs << 32);
}

/* The time of the standstill, in ns, if it is to be reported; else 0. Under the lock. */
static int64_t due(fl_standstill *last, uint64_t seen, bool still)
{
    int64_t now = fl_now();
    if (!still || !last->since || seen != last->seen) {
        *last = (fl_standstill){.since = still ? now : 0, .seen = seen, .next = FIRST};
        return 0;
    }
    int64_t time = now - last->since;
    if (time < last->next)
        return 0;
    while (last->next <= time)
        last->next *= 2;
    return time;
}

void fl_standstill_look(fl_runtime *rt)
{
    if (rt->settings.deadlock == FL_DEADLOCK_OFF)
        return;
    bool still = stands_still(rt);
    fl_lock(&rt->standstill.lock);
    int64_t time = due(&rt->standstill.last, progress(rt), still);
    fl_unlock(&rt->standstill.lock);
    if (!time)
        return;
    char text[256];
    snprintf(text, sizeof text,
             "filch: standstill for %lld s: all %u fibers wait, and more tasks cannot begin; raise "
             "max_fibers (FILCH_MAX_FIBERS) above %u; FILCH_DEADLOCK=off is silent",
             (long long)(time / FIRST), fl_fibers_count(&rt->fibers), rt->settings.max_fibers);
    fl_detector_tell(text, rt->settings.deadlock);
}
