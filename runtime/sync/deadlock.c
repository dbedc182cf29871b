/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/deadlock.h>

#include <runtime/core/clock.h>
#include <runtime/core/text.h>
#include <runtime/sync/keeper.h>
#include <runtime/sync/lock.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GRACE = 50 * 1000 * 1000 /* ns, twice */, SHOWN = 64 /* tasks */, REPORT_MOST = 16384 };

filch_u32 fl_detector_on;

static struct {
    filch_u32 lock; /* of what follows */
    fl_runtime *runtimes;
    filch_deadlock_fn *fn;
    void *fn_arg;
    fl_timer timer;
    int64_t looks_at; /* 0: the timer is not started */
    uint64_t seen;    /* the changes when all was at rest for the first time; 0: it was not */
    uint64_t told;    /* those of the last report */
} detector;

/* All seq_cst: they are compared with each other and with the idle words of all runtimes. */
static filch_u32 alive;   /* threads that have called Filch */
static filch_u32 waiting; /* of these, less those that were told */
static filch_u32 outside; /* tasks that wait for what happens outside of the process */
static filch_u64 changes; /* of the three above */
static filch_u32 blind;   /* 1: threads cannot be counted */

/* ---- Threads that are no workers ---- */

static __thread enum { UNKNOWN, NOTED, EXEMPT } standing;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending;

static void change(filch_u32 *party, int by)
{
    filch_u32_add(party, (uint32_t)by, FILCH_SEQ_CST); /* seq_cst: as said above */
    filch_u64_add(&changes, 1, FILCH_SEQ_CST);         /* seq_cst: as said above */
}

static void thread_ends(void *unused)
{
    (void)unused;
    standing = UNKNOWN;
    change(&alive, -1);
    fl_suspect();
}

static void go_blind(void)
{
    filch_u32_store(&blind, 1, FILCH_SEQ_CST); /* seq_cst: as said above */
}

static void make_key(void)
{
    if (pthread_key_create(&ending, thread_ends))
        go_blind();
}

void fl_thread_noted(void)
{
    if (standing != UNKNOWN || fl_carrier_here())
        return;
    pthread_once(&once, make_key);
    if (filch_u32_load(&blind, FILCH_RELAXED)) /* a look: nothing is counted any more */
        return;
    standing = NOTED;
    change(&alive, 1);
    if (pthread_setspecific(ending, &standing))
        go_blind();
}

void fl_thread_exempt(void)
{
    standing = EXEMPT;
}

void fl_thread_waits(void)
{
    change(&waiting, 1);
}

/* By whoever tells it, who may be a thread, too. */
void fl_thread_told(void)
{
    fl_thread_noted();
    change(&waiting, -1);
}

void fl_outside_expected(int by)
{
    change(&outside, by);
}

/* ---- Is everything at rest? With the lock ---- */

typedef struct view {
    bool resting;
    unsigned suspended; /* tasks, in runtimes that want to hear of it */
    unsigned waiting;   /* threads that are no workers, if anybody wants to hear of them */
    unsigned threads;   /* the library's */
    enum fl_deadlock does, at_most; /* of the runtimes of those tasks; of all */
    uint64_t changes;
} view;

static void mix(view *all, uint64_t word)
{
    all->changes = (all->changes ^ word) * UINT64_C(0xd6e8feb86659fd93) + 1;
}

static uint32_t count_of(const filch_u32 *party)
{
    return filch_u32_load(party, FILCH_SEQ_CST); /* seq_cst: as said at their head */
}

/* Its workers have all found nothing. One that is finished, or about to be, wakes its destroyer. */
static void look_at_runtime(view *all, fl_runtime *rt)
{
    uint64_t word = fl_idle_look(&rt->idle), suspended = fl_sum(rt, FL_SUSPENDED);
    unsigned calls, carriers;
    fl_blocking_count(rt, &calls, &carriers);
    bool ending_soon = !suspended && count_of(&rt->stopping);
    all->resting = all->resting && fl_idle_resting(word) == rt->crew.most && !ending_soon &&
                   !calls && !count_of(&rt->inbox.visitors) && !count_of(&rt->finished) &&
                   !fl_idle_has_token(&rt->idle) && !fl_work_anywhere(rt);
    all->threads += fl_reach(rt) + carriers;
    if (rt->settings.deadlock != FL_DEADLOCK_OFF) {
        all->suspended += (unsigned)suspended;
        if (suspended && rt->settings.deadlock > all->does)
            all->does = rt->settings.deadlock;
        if (rt->settings.deadlock > all->at_most)
            all->at_most = rt->settings.deadlock;
    }
    mix(all, word);
}

static view look(void)
{
    view all = {.threads = 2 /* the keeper, liburcu's */};
#ifdef FILCH_TSAN
    all.threads++; /* thread sanitizer's */
#endif
    all.resting =
        !count_of(&blind) && !count_of(&outside) && count_of(&alive) == count_of(&waiting);
    for (fl_runtime *rt = detector.runtimes; rt; rt = rt->next)
        look_at_runtime(&all, rt);
    all.threads += count_of(&alive);
    if (!all.suspended)
        all.does = all.at_most;
    if (all.suspended || all.at_most != FL_DEADLOCK_OFF)
        all.waiting = count_of(&waiting);
    mix(&all, filch_u64_load(&changes, FILCH_SEQ_CST)); /* seq_cst: as said at their head */
    return all;
}

/* Of the process, that are not the library's and have never called it. */
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

/* ---- The report; with the lock ---- */

static char report[REPORT_MOST];

typedef struct listing {
    fl_text text;
    unsigned shown;
} listing;

static void list_fiber(fl_fiber *fiber, void *arg)
{
    listing *list = arg;
    if (!filch_u32_load(&fiber->suspended, FILCH_RELAXED)) /* it rests, or the report is wrong */
        return;
    if (list->shown++ >= SHOWN)
        return;
    const char *in = filch_ptr_load(&fiber->waits_in, FILCH_RELAXED);      /* the same */
    const void *object = filch_ptr_load(&fiber->waits_for, FILCH_RELAXED); /* the same */
    const char *task = fl_fiber_task(fiber);
    fl_text_add(&list->text, "filch:   %s %s", fiber->pooled ? "job" : "task",
                task ? task : "(unnamed)");
    if (fiber->pooled)
        fl_text_add(&list->text, " of pool %s", fiber->pooled_in);
    else if (fiber->root_file)
        fl_text_add(&list->text, ", spawned at %s:%d,", fiber->root_file, fiber->root_line);
    fl_text_add(&list->text, " waits in %s", in ? in : "a call");
    if (object)
        fl_text_add(&list->text, " for %p", object);
    fl_text_add(&list->text, "\n");
}

static void spell(const view *all, unsigned others)
{
    listing list = {.text = {.at = report, .room = sizeof report - 1}};
    unsigned count = all->suspended ? all->suspended : all->waiting;
    fl_text_add(&list.text,
                "filch: all fibers are asleep - %s: %u %s%s, and nobody %sis left to wake them\n",
                others ? "perhaps a deadlock" : "deadlock", count,
                all->suspended ? "task" : "thread", count == 1 ? " waits" : "s wait",
                others ? "known to Filch " : "");
    for (fl_runtime *rt = detector.runtimes; rt; rt = rt->next)
        if (rt->settings.deadlock != FL_DEADLOCK_OFF)
            fl_fibers_each(&rt->fibers, list_fiber, &list);
    if (list.shown > SHOWN)
        fl_text_add(&list.text, "filch:   and %u more\n", list.shown - SHOWN);
    uint32_t threads = all->waiting;
    if (threads && all->suspended)
        fl_text_add(&list.text, "filch:   %u thread%s no worker%s, too\n", threads,
                    threads == 1 ? " waits that is" : "s wait that are", threads == 1 ? "" : "s");
    if (others)
        fl_text_add(&list.text, "filch:   %u thread%s of the process ha%s never called Filch\n",
                    others, others == 1 ? "" : "s", others == 1 ? "s" : "ve");
}

/* ---- Looking ---- */

static void look_later(int64_t when);

/* Without the lock, which a callback may want. */
static void tell(enum fl_deadlock does, filch_deadlock_fn *fn, void *arg)
{
    if (fn) {
        fn(report, arg);
    } else if (does >= FL_DEADLOCK_REPORT) {
        ssize_t written = write(STDERR_FILENO, report, strlen(report));
        (void)written;
    }
    if (does == FL_DEADLOCK_DIE)
        abort();
}

/* true: it is to be told. */
static bool find_out(view *all)
{
    *all = look();
    bool stuck = all->resting && (all->suspended || all->waiting);
    int64_t next = stuck ? fl_keeper_next() : INT64_MAX;
    if (!stuck || next != INT64_MAX || all->changes != detector.seen) {
        detector.seen = stuck && next == INT64_MAX ? all->changes : 0;
        int64_t from = next == INT64_MAX ? fl_now() : next;
        if (stuck && from <= INT64_MAX - GRACE)
            look_later(from + GRACE);
        return false;
    }
    if (all->changes == detector.told)
        return false;
    detector.told = all->changes;
    return true;
}

static void keeper_looks(void *unused)
{
    (void)unused;
    view all;
    fl_lock(&detector.lock);
    detector.looks_at = 0;
    bool found = find_out(&all);
    filch_deadlock_fn *fn = detector.fn;
    void *arg = detector.fn_arg;
    if (found) {
        unsigned others = strangers(all.threads);
        found = !others || all.suspended; /* threads alone may well wait for a stranger */
        if (others && all.does == FL_DEADLOCK_DIE)
            all.does = FL_DEADLOCK_REPORT;
        spell(&all, others);
    }
    fl_unlock(&detector.lock);
    if (found)
        tell(all.does, fn, arg);
}

/* With the lock. Where no timer can be had nothing is found. */
static void look_later(int64_t when)
{
    if (!detector.looks_at) {
        if (!fl_timer_start_call(&detector.timer, when, keeper_looks, NULL))
            detector.looks_at = when;
    } else if (when < detector.looks_at && fl_timer_reset(&detector.timer, when)) {
        detector.looks_at = when;
    }
}

FILCH_COLD void fl_suspect_slow(void)
{
    fl_lock(&detector.lock);
    look_later(fl_now() + GRACE);
    fl_unlock(&detector.lock);
}

/* ---- For others ---- */

static void switch_on(void)
{
    filch_u32_store(&fl_detector_on, 1, FILCH_RELAXED); /* a look's; suspicion follows */
}

void fl_detector_enlist(fl_runtime *rt)
{
    if (rt->settings.deadlock >= FL_DEADLOCK_REPORT)
        switch_on();
    fl_lock(&detector.lock);
    rt->next = detector.runtimes;
    detector.runtimes = rt;
    fl_unlock(&detector.lock);
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
    bool noted = standing == NOTED;
    filch_deadlock_fn *fn = detector.fn;
    void *arg = detector.fn_arg;
    memset(&detector, 0, sizeof detector);
    detector.fn = fn;
    detector.fn_arg = arg;
    filch_u32_store(&alive, noted, FILCH_SEQ_CST); /* the only thread */
    filch_u32_store(&waiting, 0, FILCH_SEQ_CST);   /* the same */
    filch_u32_store(&outside, 0, FILCH_SEQ_CST);   /* the same */
}

void filch_on_deadlock(filch_deadlock_fn *fn, void *arg)
{
    fl_lock(&detector.lock);
    detector.fn = fn;
    detector.fn_arg = arg;
    detector.told = 0;
    fl_unlock(&detector.lock);
    if (fn) {
        switch_on();
        fl_suspect();
    }
}
