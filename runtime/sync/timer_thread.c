/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/timer_thread.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/threads.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/thread.h>
#include <runtime/platform/uncancelled.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/timer_shards.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_fd.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EVENTS = 64 };
/* The event data of the wake-up event; those of files are the tag, and below it the file's
 * number. */
static const uint64_t of_wake_event = UINT64_MAX;

static struct {
    filch_u32 lock; /* of its start */
    int epoll, wake_event;
    filch_u32 running;   /* written under the lock */
    filch_u32 wakes;     /* under FILCH_VIRTUAL: 1: it is woken */
    bool without_pwait2; /* its thread's: the system has none, or forbids it */
} timer_thread = {.epoll = -1, .wake_event = -1};

/* ---- Its thread ---- */

/* All waiters are fibers. */
static void deliver(const fl_due *all, unsigned count)
{
    fl_batch fibers;
    fibers.count = 0;
    for (unsigned i = 0; i < count; i++) {
        fl_waiter *waiter = all[i].waiter;
        if (!waiter) {
            fl_batch_submit(&fibers); /* they are earlier */
            all[i].call(all[i].arg);
            continue;
        }
        fl_runtime *rt = waiter->rt;
        fl_fiber *fiber = waiter->fiber;
        if (!fl_waiter_decide(waiter, NULL, -ETIMEDOUT))
            continue;
        if (fiber->stays)
            fl_stay_resume(fiber);
        else
            fl_batch_add(&fibers, rt, &fiber->wake);
    }
    fl_batch_submit(&fibers);
}

/* INT64_MAX: as long as it takes. */
static int wait_for_events(struct epoll_event *events, int64_t until)
{
    int64_t now = fl_now(), ns = until > now ? until - now : 0;
    struct timespec time = {ns / 1000000000, ns % 1000000000};
    const struct timespec *limit = until == INT64_MAX ? NULL : &time;
    if (!timer_thread.without_pwait2) {
        int count = epoll_pwait2(timer_thread.epoll, events, EVENTS, limit, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) /* EPERM: a filter of system calls */
            return count;
        timer_thread.without_pwait2 = true;
    }
    struct pollfd any = {.fd = timer_thread.epoll, .events = POLLIN};
    ppoll(&any, 1, limit, NULL);
    return epoll_wait(timer_thread.epoll, events, EVENTS, 0);
}

FILCH_NORETURN FILCH_COLD static void die_without_files(void)
{
    filch_die("the timer thread's files were closed (%s); close all files of a process before "
              "its first timer",
              strerror(errno));
}

/* Under FILCH_VIRTUAL there are no files to watch. until: 0: does not sleep. */
static void sleep_virtually(int64_t until)
{
    if (until)
        fl_futex_wait_until(&timer_thread.wakes, 0, until == INT64_MAX ? 0 : until);
    filch_u32_store(&timer_thread.wakes, 0, FILCH_RELAXED); /* the next look comes after this */
}

static void sleep_until(int64_t until)
{
    if (fl_virtual()) {
        sleep_virtually(until);
        return;
    }
    struct epoll_event events[EVENTS];
    int count = wait_for_events(events, until);
    if (count < 0 && errno != EINTR)
        die_without_files();
    for (int i = 0; i < count; i++) {
        uint64_t whose = events[i].data.u64;
        eventfd_t wakes;
        if (whose == of_wake_event)
            eventfd_read(timer_thread.wake_event, &wakes);
        else
            fl_watch_happened((int)(uint32_t)whose, (uint32_t)(whose >> 32), events[i].events);
    }
}

static void *keep(void *unused)
{
    (void)unused;
    fl_due all[FL_TIMERS_TAKEN];
    fl_affinity_go_anywhere();
    pthread_setname_np(pthread_self(), "filch/timers");
    fl_thread_exempt();
    prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
    for (;;) {
        unsigned count = fl_timers_take(all);
        deliver(all, count);
        sleep_until(count ? 0 : fl_timers_sleep());
    }
    return NULL;
}

/* ---- Starting it ---- */

static void close_files(void)
{
    if (timer_thread.epoll >= 0)
        close(timer_thread.epoll);
    if (timer_thread.wake_event >= 0)
        close(timer_thread.wake_event);
    timer_thread.epoll = timer_thread.wake_event = -1;
}

/* In a child of fork(): the parent's timer thread and its waiters do not exist here. */
static void before_fork(void)
{
    fl_lock(&timer_thread.lock);
    fl_timers_lock_all();
}
static void after_fork(void)
{
    fl_timers_unlock_all();
    fl_unlock(&timer_thread.lock);
}
static void forget(void)
{
    close_files();
    fl_timers_forget();
    fl_watch_forget();
    filch_u32_store(&timer_thread.running, 0, FILCH_RELAXED); /* the only thread */
    after_fork();
}

/* Before any thread can hold the lock, or a child that is forked meanwhile would never get it. */
static int not_hooked;
__attribute__((constructor)) static void hook(void)
{
    not_hooked = pthread_atfork(before_fork, after_fork, forget);
}

static int start_thread(void)
{
    fl_thread thread;
    int rc = fl_thread_start_silent(&thread, keep, NULL);
    if (!rc)
        pthread_detach(thread.id);
    return rc;
}

static int open_files(void)
{
    struct epoll_event woken = {.events = EPOLLIN, .data.u64 = of_wake_event};
    timer_thread.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (timer_thread.epoll >= 0)
        timer_thread.wake_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (timer_thread.wake_event >= 0 &&
        !epoll_ctl(timer_thread.epoll, EPOLL_CTL_ADD, timer_thread.wake_event, &woken))
        return 0;
    int rc = errno;
    close_files();
    return rc;
}

static int start(void)
{
    int rc = not_hooked;
    if (!rc && timer_thread.epoll < 0)
        rc = open_files();
    if (!rc)
        rc = start_thread();
    return rc;
}

int fl_timer_thread_start(void)
{
    if (filch_u32_load(&timer_thread.running, FILCH_ACQUIRE)) /* ReadRunning */
        return 0;
    fl_lock(&timer_thread.lock);
    int rc = 0;
    if (!filch_u32_load(&timer_thread.running, FILCH_RELAXED)) { /* written under the lock */
        rc = start();
        if (!rc)
            filch_u32_store(&timer_thread.running, 1, FILCH_RELEASE); /* ShowRunning */
    }
    fl_unlock(&timer_thread.lock);
    return rc ? fl_fail(rc,
                        "cannot start the timer thread: %s; raise the limits of threads and "
                        "open files, or free some memory",
                        strerror(rc))
              : 0;
}

/* ---- For others ---- */

int fl_timer_thread_watch(int operation, int fd, uint32_t events, uint32_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)tag << 32 | (uint32_t)fd};
    if (!filch_u32_load(&timer_thread.running, FILCH_ACQUIRE)) /* ReadRunning */
        return -ENOENT;
    return epoll_ctl(timer_thread.epoll, operation, fd, &event) ? -errno : 0;
}

/* The thread may have a waiter of its stack among the timers: cancelled here it would leave it
 * there. */
void fl_timer_thread_wake(void)
{
    if (fl_virtual()) {
        filch_u32_store(&timer_thread.wakes, 1, FILCH_RELAXED); /* one thread runs at a time */
        fl_futex_wake(&timer_thread.wakes, 1);
        return;
    }
    int was = fl_cancel_hold();
    if (eventfd_write(timer_thread.wake_event, 1))
        die_without_files();
    fl_cancel_release(was);
}
