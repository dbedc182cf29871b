/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/keeper.h>

#include <runtime/core/affinity.h>
#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/sync/deadlock.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_fd.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { EVENTS = 64, TAKEN = 64 };
/* What the bell's event carries; those of files: the tag, and below it the file's number. */
static const uint64_t of_bell = UINT64_MAX;

static struct {
    filch_u32 lock; /* of what follows */
    fl_timer_heap heap;
    int64_t sleeps_until; /* INT64_MIN: it is awake */
    int epoll, bell;
    filch_u32 running;   /* written under the lock */
    bool without_pwait2; /* its thread's: the system has none, or forbids it */
} keeper = {.sleeps_until = INT64_MIN, .epoll = -1, .bell = -1};

/* ---- Its thread ---- */

/* What a timer was for, copied out under the lock: the timer itself may be gone without it. */
typedef struct due {
    fl_waiter *waiter; /* claimed, so that it stays */
    void (*call)(void *arg);
    void *arg;
} due;

/* The heap has room: the timer was in it a moment ago. */
static void fire(fl_timer *timer, int64_t when, int64_t now)
{
    int64_t next = timer->fire(timer, when, now);
    if (next)
        fl_timer_heap_add(&keeper.heap, &timer->timed, next);
}

/* Returns how many of them are still to be delivered. */
static unsigned take_due(due *all)
{
    unsigned count = 0;
    int64_t now = fl_now();
    for (unsigned taken = 0; taken < TAKEN; taken++) {
        int64_t when = fl_timer_heap_next(&keeper.heap);
        fl_timer *timer = (fl_timer *)fl_timer_heap_take(&keeper.heap, now);
        if (!timer)
            break;
        if (timer->fire)
            fire(timer, when, now);
        else if (!timer->waiter || fl_waiter_claim(timer->waiter))
            all[count++] = (due){timer->waiter, timer->call, timer->arg};
    }
    return count;
}

static void deliver(const due *one)
{
    if (one->waiter)
        fl_waiter_tell(one->waiter, NULL, -ETIMEDOUT);
    else
        one->call(one->arg);
}

/* INT64_MAX: as long as it takes. */
static int wait_for_events(struct epoll_event *events, int64_t until)
{
    int64_t now = fl_now(), ns = until > now ? until - now : 0;
    struct timespec time = {ns / 1000000000, ns % 1000000000};
    const struct timespec *limit = until == INT64_MAX ? NULL : &time;
    if (!keeper.without_pwait2) {
        int count = epoll_pwait2(keeper.epoll, events, EVENTS, limit, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) /* EPERM: a filter of system calls */
            return count;
        keeper.without_pwait2 = true;
    }
    struct pollfd any = {.fd = keeper.epoll, .events = POLLIN};
    ppoll(&any, 1, limit, NULL);
    return epoll_wait(keeper.epoll, events, EVENTS, 0);
}

FILCH_NORETURN FILCH_COLD static void die_without_files(void)
{
    filch_die("the files of the thread that keeps the timers were closed (%s); who closes all "
              "files of a process has to do so before its first timer",
              strerror(errno));
}

static void sleep_until(int64_t until)
{
    struct epoll_event events[EVENTS];
    int count = wait_for_events(events, until);
    if (count < 0 && errno != EINTR)
        die_without_files();
    for (int i = 0; i < count; i++) {
        uint64_t whose = events[i].data.u64;
        eventfd_t rings;
        if (whose == of_bell)
            eventfd_read(keeper.bell, &rings);
        else
            fl_watch_happened((int)(uint32_t)whose, (uint32_t)(whose >> 32), events[i].events);
    }
}

static void *keep(void *unused)
{
    (void)unused;
    due all[TAKEN];
    fl_affinity_go_anywhere();
    pthread_setname_np(pthread_self(), "filch/keeper");
    fl_thread_exempt();
    prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
    for (;;) {
        fl_lock(&keeper.lock);
        unsigned count = take_due(all);
        int64_t next = count ? INT64_MIN : fl_timer_heap_next(&keeper.heap);
        keeper.sleeps_until = next;
        fl_unlock(&keeper.lock);
        for (unsigned i = 0; i < count; i++)
            deliver(&all[i]);
        sleep_until(next);
    }
    return NULL;
}

/* ---- Starting it ---- */

static void close_files(void)
{
    if (keeper.epoll >= 0)
        close(keeper.epoll);
    if (keeper.bell >= 0)
        close(keeper.bell);
    keeper.epoll = keeper.bell = -1;
}

/* In a child of fork(): its parent's keeper is not here, nor anybody who waits. */
static void before_fork(void)
{
    fl_lock(&keeper.lock);
}
static void after_fork(void)
{
    fl_unlock(&keeper.lock);
}
static void forget(void)
{
    close_files();
    fl_timer_heap_clear(&keeper.heap);
    fl_watch_forget();
    keeper.sleeps_until = INT64_MIN;
    filch_u32_store(&keeper.running, 0, FILCH_RELAXED); /* the only thread */
    fl_unlock(&keeper.lock);
}

/* Before anybody can hold the lock, or a child that is forked meanwhile would never get it. */
static int not_hooked;
__attribute__((constructor)) static void hook(void)
{
    not_hooked = pthread_atfork(before_fork, after_fork, forget);
}

static int start_thread(void)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for others */
    int rc = pthread_create(&thread, NULL, keep, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!rc)
        pthread_detach(thread);
    return rc;
}

static int open_files(void)
{
    struct epoll_event ring = {.events = EPOLLIN, .data.u64 = of_bell};
    keeper.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (keeper.epoll >= 0)
        keeper.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (keeper.bell >= 0 && !epoll_ctl(keeper.epoll, EPOLL_CTL_ADD, keeper.bell, &ring))
        return 0;
    int rc = errno;
    close_files();
    return rc;
}

static int start(void)
{
    int rc = not_hooked;
    if (!rc && keeper.epoll < 0)
        rc = open_files();
    if (!rc)
        rc = start_thread();
    return rc;
}

int fl_keeper_start(void)
{
    if (filch_u32_load(&keeper.running, FILCH_ACQUIRE)) /* Y2 */
        return 0;
    fl_lock(&keeper.lock);
    int rc = 0;
    if (!filch_u32_load(&keeper.running, FILCH_RELAXED)) { /* written under the lock */
        rc = start();
        if (!rc)
            filch_u32_store(&keeper.running, 1, FILCH_RELEASE); /* Y1 */
    }
    fl_unlock(&keeper.lock);
    return rc ? fl_fail(rc,
                        "no thread that keeps the timers: %s; raise the limits of threads and "
                        "open files, or free some memory",
                        strerror(rc))
              : 0;
}

/* ---- For others ---- */

int fl_keeper_watch(int operation, int fd, uint32_t events, uint32_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)tag << 32 | (uint32_t)fd};
    if (!filch_u32_load(&keeper.running, FILCH_ACQUIRE)) /* Y2 */
        return -ENOENT;
    return epoll_ctl(keeper.epoll, operation, fd, &event) ? -errno : 0;
}

/* With the lock, which it releases. */
static int add(fl_timer *timer, int64_t when)
{
    int rc = fl_timer_heap_add(&keeper.heap, &timer->timed, when);
    bool ring = !rc && when < keeper.sleeps_until;
    if (ring)
        keeper.sleeps_until = INT64_MIN; /* one ring is enough */
    fl_unlock(&keeper.lock);
    if (ring && eventfd_write(keeper.bell, 1))
        die_without_files();
    return rc;
}

int64_t fl_keeper_next(void)
{
    fl_lock(&keeper.lock);
    int64_t next = fl_timer_heap_next(&keeper.heap);
    fl_unlock(&keeper.lock);
    return next;
}

/* Inline, so that `as` is never in memory: it would be written and read in pieces of other sizes. */
FILCH_INLINE int start_timer(fl_timer *timer, int64_t when, fl_timer as)
{
    int rc = fl_keeper_start();
    if (rc)
        return rc;
    fl_lock(&keeper.lock);
    if (as.fire && timer->timed.place) {
        fl_unlock(&keeper.lock);
        return fl_fail(EALREADY, "this timer is pending; stop it first, or give it another time");
    }
    *timer = as;
    return add(timer, when) ? fl_fail(ENOMEM, "no memory for a timer; wait for some to end") : 0;
}

int fl_timer_start_waiter(fl_timer *timer, int64_t when, struct fl_waiter *waiter)
{
    return start_timer(timer, when, (fl_timer){.waiter = waiter});
}

int fl_timer_start_call(fl_timer *timer, int64_t when, void (*call)(void *), void *arg)
{
    return start_timer(timer, when, (fl_timer){.call = call, .arg = arg});
}

int fl_timer_start_fire(fl_timer *timer, int64_t when, fl_fire_fn *fired, void *arg, void *where)
{
    return start_timer(timer, when, (fl_timer){.fire = fired, .arg = arg, .where = where});
}

/* Taken out and put back, it finds room. */
bool fl_timer_reset(fl_timer *timer, int64_t when)
{
    fl_lock(&keeper.lock);
    bool pending = timer->timed.place;
    if (!pending) {
        fl_unlock(&keeper.lock);
        return false;
    }
    fl_timer_heap_remove(&keeper.heap, &timer->timed);
    add(timer, when);
    return true;
}

bool fl_timer_stop(fl_timer *timer)
{
    void *arg;
    return fl_timer_take_back(timer, &arg);
}

bool fl_timer_take_back(fl_timer *timer, void **arg)
{
    fl_lock(&keeper.lock);
    bool pending = timer->timed.place;
    if (pending)
        *arg = timer->arg;
    fl_timer_heap_remove(&keeper.heap, &timer->timed);
    fl_unlock(&keeper.lock);
    return pending;
}
