/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The timer thread: its start, its sleep, its wake-up event. Real:
 * runtime/sync/{timer_thread,timer_shards, timer_heap,wait}; each fiber has a shard of its own.
 * Played: its files (a wake-up event is a word to sleep on), its thread, the clock, which goes on
 * only when the timer thread sleeps until its time, locks and fibers
 * (tests/model/system/waiting.h).
 *
 * Each thread has a role: w waits until a time of its own, 0 tells one of those that wait, k is the
 * timer thread's thread, once somebody has started it.
 *
 * Claims: it is started once; a waiter continues once, told or at its time, not before; a thread
 * that stops a timer is not told by it any more. Where nobody is told by others, the timer thread
 * does not sleep beyond the time of a fiber that is parked. */
#include <runtime/engine/threads.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/sync/timer_shards.h>
#include <runtime/sync/timer_thread.h>
#include <runtime/sync/wait_fd.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EPOLL = 3, WAKE_EVENT, STEP = 100 };

static struct shape {
    const char *roles;
    unsigned fibers;
} shape;
static filch_u32 lock, wakes, created;
static filch_waiters queue;
static void *(*keep)(void *);
static void (*forget)(void);
static uint64_t of_wake_event;
static int64_t now;
static bool met;                /* by the teller: a waiter */
static unsigned told, returned; /* returned: waiters whose wait is over, as bits */

/* ---- The system ---- */

MC_UNCHECKED int64_t fl_now(void)
{
    return now;
}

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare, (void)parent;
    forget = child; /* the way back to the first state */
    return 0;
}

MC_UNCHECKED int pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                                void *(*run)(void *), void *arg)
{
    (void)attributes, (void)arg;
    MC_CLAIM(!keep, "there are two timer threads");
    keep = run;
    *out = 0;
    filch_u32_store(&created, 1, FILCH_RELEASE);
    return 0;
}

int pthread_detach(pthread_t thread)
{
    (void)thread;
    return 0;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    (void)how, (void)set, (void)before;
    return 0;
}

int pthread_setname_np(pthread_t thread, const char *name)
{
    (void)thread, (void)name;
    return 0;
}

int prctl(int option, ...)
{
    (void)option;
    return 0;
}

int epoll_create1(int flags)
{
    (void)flags;
    return EPOLL;
}

int eventfd(unsigned count, int flags)
{
    (void)count, (void)flags;
    return WAKE_EVENT;
}

MC_UNCHECKED int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    MC_CLAIM(epoll == EPOLL && operation == EPOLL_CTL_ADD && fd == WAKE_EVENT, "a file of nobody");
    of_wake_event = event->data.u64;
    return 0;
}

int close(int fd)
{
    (void)fd;
    return 0;
}

int eventfd_write(int fd, eventfd_t count)
{
    MC_CLAIM(fd == WAKE_EVENT && count == 1, "another file is written");
    filch_u32_exchange(&wakes, 1, FILCH_ACQ_REL);
    mc_futex_wake(&wakes, 1, MC_HERE);
    return 0;
}

int eventfd_read(int fd, eventfd_t *count)
{
    MC_CLAIM(fd == WAKE_EVENT, "another file is read");
    *count = filch_u32_exchange(&wakes, 0, FILCH_ACQ_REL);
    return 0;
}

static int64_t time_of(unsigned waiter)
{
    return (waiter + 1) * STEP;
}

/* A waiter between its look at the sleeper's time and its wake-up delays the wake-up for as long as it does not run. So time
 * counts once every waiter is parked or has returned. A teller may have claimed a fiber that it has not resumed yet. */
MC_UNCHECKED static bool rings_are_over(void)
{
    for (unsigned i = 0; shape.roles[i]; i++)
        if (shape.roles[i] == 'w' && !waiting_parked(i) && !(returned >> i & 1))
            return false;
    return !strchr(shape.roles, '0');
}

MC_UNCHECKED static void wakes_at(int64_t when)
{
    bool counts = rings_are_over();
    for (unsigned i = 0; counts && i < MC_THREADS; i++)
        MC_CLAIM(!waiting_parked(i) || when <= time_of(i), "a timer is late, its wake-up was lost");
    now = when;
}

MC_UNCHECKED static bool sleep_for(const struct timespec *limit)
{
    int64_t ns = limit ? limit->tv_sec * INT64_C(1000000000) + limit->tv_nsec : INT64_MAX;
    if (ns == 0)
        return filch_u32_load(&wakes, FILCH_ACQUIRE);
    if (!mc_futex_wait(&wakes, 0, limit, MC_HERE)) {
        reaches_note("woken before its time");
        return true;
    }
    if (filch_u32_add(&wakes, 0, FILCH_ACQ_REL)) { /* epoll_pwait looks once more after its time */
        reaches_note("woken at its time");
        return true;
    }
    wakes_at(now + ns);
    return false;
}

MC_UNCHECKED int epoll_pwait2(int epoll, struct epoll_event *events, int most,
                              const struct timespec *limit, const sigset_t *set)
{
    (void)epoll, (void)most, (void)set;
    bool woken = sleep_for(limit);
    if (woken)
        events[0] = (struct epoll_event){.events = EPOLLIN, .data.u64 = of_wake_event};
    return woken;
}

void fl_thread_exempt(void)
{
}

void fl_affinity_go_anywhere(void)
{
}

void fl_watch_forget(void)
{
}

void fl_watch_happened(int fd, uint32_t tag, uint32_t events)
{
    (void)fd, (void)tag, (void)events;
    mc_fail("a file has happened that nobody watches");
}

/* ---- Threads ---- */

MC_UNCHECKED static void check_outcome(unsigned by, int rc, int64_t until)
{
    returned |= 1u << by;
    MC_CLAIM(rc == 1 || rc == -ETIMEDOUT, "an outcome that nobody decided");
    MC_CLAIM(rc == 1 || now >= until, "a timer comes before its time");
    told += rc == 1;
}

static void wait(unsigned by)
{
    int64_t until = time_of(by);
    fl_lock(&lock);
    int rc = fl_wait(&lock, &queue, NULL, until);
    waiting_returned();
    waiting_came_out(rc, &waiting_ways_usual);
    check_outcome(by, rc, until);
}

static void tell(void)
{
    fl_lock(&lock);
    met = fl_waiters_any(&queue);
    fl_tell_one(&lock, &queue, 1);
}

static void be_timer_thread(void)
{
    mc_await(&created, 4, 0, MC_HERE);
    keep(NULL);
}

static void body(unsigned thread)
{
    switch (shape.roles[thread]) {
    case 'w':
        wait(thread);
        break;
    case '0':
        tell();
        break;
    default:
        be_timer_thread();
    }
    waiting_ends();
}

/* ---- Before and after ---- */

static void lay_out(struct shape chosen)
{
    shape = chosen;
    waiting_setup(shape.fibers, (unsigned)strlen(shape.roles) - 1);
    if (forget)
        forget();
    memset(&lock, 0, sizeof lock);
    memset(&wakes, 0, sizeof wakes);
    memset(&created, 0, sizeof created);
    memset(&queue, 0, sizeof queue);
    keep = NULL;
    now = 1;
    told = returned = 0;
    met = false;
    mc_name(&lock, "lock");
    mc_name(&wakes, "wake event");
    mc_name(&created, "created");
}

static void finish(void)
{
    reaches_tell();
    if (met && !told)
        mc_reached("a teller too late");
    MC_CLAIM(!fl_waiters_any(&queue), "somebody is left in a queue");
    MC_CLAIM(fl_timers_next() == INT64_MAX, "a timer is left");
    MC_CLAIM(told <= 1, "one call tells two");
}

#define FIRST 1u
#define SECOND 2u
MC_SHAPE(one, .roles = "wk", .fibers = FIRST)
MC_SHAPE(told, .roles = "w0k", .fibers = FIRST)
MC_SHAPE(two, .roles = "wwk", .fibers = FIRST | SECOND)
MC_SHAPE(two_random, .roles = "wwk", .fibers = FIRST | SECOND)
MC_SHAPE(two_told, .roles = "ww0k", .fibers = FIRST | SECOND)

#define THREADS(...) .threads = {__VA_ARGS__}
#define WAKES .reaches = {"woken before its time", "woken at its time"}
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }

const mc_model mc_models[] = {
    ROW(one, "one timer, the first", THREADS("waiter", "timer_thread"), .bound = 0, WAKES),
    ROW(told, "one timer, stopped or not", THREADS("waiter", "teller", "timer_thread"), .bound = 0,
        .reaches = {"a wait", "a time-out", "a teller too late"}),
    ROW(two, "two timers, started at the same time", THREADS("waiter", "waiter 2", "timer_thread"),
        .bound = 3, WAKES),
    ROW(two_random, "the same by turns, where lateness shows",
        THREADS("waiter", "waiter 2", "timer_thread"), .random = 20000, WAKES),
    ROW(two_told, "two timers, one is stopped",
        THREADS("waiter", "waiter 2", "teller", "timer_thread"), .bound = 3,
        .reaches = {"no wait", "a wait", "a teller too late"}),
    {.name = NULL}};
