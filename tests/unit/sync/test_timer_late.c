/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime epoll_pwait2
 *
 * Timers fire at their time and not later, on a clock that this test moves: it stands still until the timer thread sleeps
 * with a time limit, then jumps to the end of that limit. So lateness is exact, however loaded the machine is. */
#include <sys/epoll.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <time.h>

enum { US = 1000, MS = 1000000, ALLOWED = 200 * US };

/* ---- The clock ---- */

static filch_u64 began;  /* the real time when the test did; 0: not yet */
static filch_u64 passed; /* since then */

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __real_epoll_pwait2(int epoll, struct epoll_event *events, int most,
                        const struct timespec *limit, const sigset_t *set);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_epoll_pwait2(int epoll, struct epoll_event *events, int most,
                        const struct timespec *limit, const sigset_t *set);

static uint64_t nanoseconds(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    uint64_t start = filch_u64_load(&began, FILCH_ACQUIRE);
    if (!start || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE))
        return __real_clock_gettime(clock, out);
    uint64_t now = start + filch_u64_load(&passed, FILCH_ACQUIRE);
    *out = (struct timespec){(time_t)(now / 1000000000), (long)(now % 1000000000)};
    return 0;
}

/* A poll that does not wait takes a microsecond, so that a timer thread that only polls gets on as well. */
int __wrap_epoll_pwait2(int epoll, struct epoll_event *events, int most,
                        const struct timespec *limit, const sigset_t *set)
{
    if (!limit)
        return __real_epoll_pwait2(epoll, events, most, NULL, set);
    uint64_t ns = nanoseconds(limit);
    int count = __real_epoll_pwait2(epoll, events, most, &(struct timespec){0}, set);
    if (count == 0)
        filch_u64_add(&passed, ns > US ? ns : US, FILCH_ACQ_REL);
    return count;
}

static void begin(void)
{
    struct timespec now;
    __real_clock_gettime(CLOCK_MONOTONIC, &now);
    filch_u64_store(&began, nanoseconds(&now), FILCH_RELEASE);
}

/* ---- Ways to wait for a time; each returns how late it was ---- */

static const int64_t FAILED = -1;

static int64_t sleeps(int64_t until)
{
    int rc = filch_sleep_until(until);
    return rc ? FAILED : filch_now() - until;
}

static int64_t waits_for_a_context(int64_t until)
{
    filch_context *context;
    if (filch_context_create_until(&context, NULL, until))
        return FAILED;
    filch_context_wait(context, FILCH_FOREVER);
    int64_t late = filch_now() - until;
    filch_context_release(context);
    return late;
}

static int64_t waits_for_a_permit(int64_t until)
{
    filch_semaphore none;
    if (filch_semaphore_init(&none, 0) ||
        filch_semaphore_acquire_until(&none, 1, until) != -ETIMEDOUT)
        return FAILED;
    return filch_now() - until;
}

static filch_runtime *runtime;
static filch_waitgroup unfired;

static void note_the_time(filch_self self, void *at)
{
    *(int64_t *)at = filch_now();
    filch_waitgroup_done(&unfired);
}

static int64_t starts_a_timer(int64_t until)
{
    static filch_timer timer;
    int64_t at = 0;
    filch_waitgroup_add(&unfired, 1);
    if (filch_timer_start(&timer, runtime, until, note_the_time, &at))
        return FAILED;
    filch_waitgroup_wait(&unfired);
    return at - until;
}

static const struct way {
    const char *name;
    int64_t (*late)(int64_t until);
} ways[] = {{"sleep", sleeps},
            {"context", waits_for_a_context},
            {"semaphore", waits_for_a_permit},
            {"timer", starts_a_timer}};

enum { WAYS = sizeof ways / sizeof *ways };

/* ---- The claim ---- */

typedef struct worst {
    int64_t late[WAYS];
} worst;

/* 0, or 1 + the number of a way that failed or was early. */
FILCH_TASK(unsigned, try_each, (worst *, out))
{
    for (unsigned i = 0; i < WAYS; i++)
        for (int64_t ns = 50 * US; ns <= 50 * MS; ns *= 10) {
            int64_t until = filch_in(ns);
            int64_t late = ways[i].late(until);
            if (late < 0)
                return 1 + i;
            out->late[i] = late > out->late[i] ? late : out->late[i];
        }
    return 0;
}

Test(timer_late, no_wakeup_is_early_or_late)
{
    setenv("FILCH_DEADLOCK", "off", 1); /* its detector has timers of its own */
    begin();
    for (unsigned c = 0; c < CONFIGS; c += 2) {
        worst at = {{0}};
        runtime = config_runtime(c, 0);
        unsigned failed = FILCH_RUN(runtime, try_each, &at);
        cr_assert_eq(failed, 0, "%s failed or was early", ways[(failed + WAYS - 1) % WAYS].name);
        for (unsigned i = 0; i < WAYS; i++)
            cr_assert(at.late[i] <= ALLOWED, "%s, %s: late by %ld us", config_name(c), ways[i].name,
                      (long)(at.late[i] / US));
        OK(filch_runtime_destroy(runtime));
    }
}
