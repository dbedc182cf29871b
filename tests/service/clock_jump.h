/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Clocks that jump while a service has jobs running, leased and delayed: the wall clock of the
 * worker, by a wrapper of clock_gettime (-Wl,--wrap=clock_gettime), and the clock of the broker's
 * server. No job is lost, and none runs again but those that a server's jump takes away. Delays go
 * by the server's clock, or by the worker's where the server has none for them. */
#ifndef SERVICE_CLOCK_JUMP_H
#define SERVICE_CLOCK_JUMP_H

#include <filch/timer.h>
#include <tests/service/service.h>
#include <time.h>

enum { JUMP_WIDTH = 4, JUMP_LEASED = JUMP_WIDTH + 2, JUMP_DELAYED = 4, JUMP_MOST = 256 };
#define JUMP_DELAY (100 * FILCH_MILLISECOND)
#define JUMP_HOUR (3600 * FILCH_SECOND)
#define JUMP_DAYS (72 * JUMP_HOUR)

/* ---- The worker's wall clock ---- */

static filch_u64 jump_wall; /* ns ahead, modulo 2^64 */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int rc = __real_clock_gettime(clock, now);
    if (clock != CLOCK_REALTIME)
        return rc;
    int64_t at = now->tv_sec * FILCH_SECOND + now->tv_nsec +
                 (int64_t)filch_u64_load(&jump_wall, FILCH_ACQUIRE);
    *now = (struct timespec){at / FILCH_SECOND, at % FILCH_SECOND};
    return rc;
}

static void jump_wall_by(int64_t ns)
{
    filch_u64_add(&jump_wall, (uint64_t)ns, FILCH_ACQ_REL);
}

/* ---- Jobs ---- */

static struct {
    filch_service *service;
    unsigned published;
    filch_u32 running, done; /* done: jobs of which a run has ended */
    filch_u32 gate;          /* 0: jobs wait in their handler */
    filch_u32 runs[JUMP_MOST], ended[JUMP_MOST];
    int64_t sent[JUMP_MOST], began[JUMP_MOST];
    int64_t jumped; /* the last jump under load */
} jumps;

static int jump_handle(filch_self self, filch_service_job *job, void *arg)
{
    unsigned id = (unsigned)atoi(filch_service_job_message(job)->id);
    jumps.began[id] = filch_now();
    filch_u32_add(&jumps.runs[id], 1, FILCH_ACQ_REL);
    filch_u32_add(&jumps.running, 1, FILCH_ACQ_REL);
    while (!filch_u32_load(&jumps.gate, FILCH_ACQUIRE))
        filch_sleep(FILCH_MILLISECOND);
    filch_u32_add(&jumps.running, (uint32_t)-1, FILCH_ACQ_REL);
    if (filch_u32_add(&jumps.ended[id], 1, FILCH_ACQ_REL) == 0)
        filch_u32_add(&jumps.done, 1, FILCH_ACQ_REL);
    return 0;
}

static void jump_publish(unsigned count, int64_t delay)
{
    for (unsigned i = 0; i < count; i++) {
        char id[16];
        cr_assert_lt(jumps.published, JUMP_MOST);
        snprintf(id, sizeof id, "%u", jumps.published);
        jumps.sent[jumps.published++] = filch_now();
        const filch_message message = {.id = id, .type = "jump", .delay = delay};
        int rc;
        do /* RabbitMQ refuses a message if the queue's leader does not answer in time */
            rc = filch_service_publish(jumps.service, &message, FILCH_FOREVER);
        while (rc == -ENOSPC);
        cr_assert_eq(rc, 0, "%s", filch_error());
    }
}

/* With jobs running, leased and delayed, calls jump(ns); the first number of them is returned. */
static unsigned jump_under_load(void (*jump)(int64_t ns), int64_t ns)
{
    unsigned first = jumps.published;
    filch_u32_store(&jumps.gate, 0, FILCH_RELEASE);
    jump_publish(JUMP_LEASED, 0);
    WAIT_WHILE(filch_u32_load(&jumps.running, FILCH_ACQUIRE) < JUMP_WIDTH);
    jump_publish(JUMP_DELAYED, JUMP_DELAY);
    jump(ns);
    jumps.jumped = filch_now();
    filch_u32_store(&jumps.gate, 1, FILCH_RELEASE);
    return first;
}

static void jump_wait(unsigned done)
{
    WAIT_WHILE(filch_u32_load(&jumps.done, FILCH_ACQUIRE) < done);
}

/* Jobs that were running or leased run `most` times at most, those that were delayed at the jump once,
 * and none before `delay`. */
static void jump_check(unsigned first, unsigned most, int64_t delay)
{
    jump_wait(jumps.published);
    for (unsigned i = first; i < jumps.published; i++) {
        bool is_delayed = i >= first + JUMP_LEASED;
        bool was_delayed = is_delayed && jumps.jumped - jumps.sent[i] < JUMP_DELAY;
        cr_assert_leq(filch_u32_load(&jumps.runs[i], FILCH_ACQUIRE), was_delayed ? 1 : most,
                      "job %u of %u", i - first, JUMP_LEASED + JUMP_DELAYED);
        if (is_delayed)
            cr_assert_geq(jumps.began[i] - jumps.sent[i], delay);
    }
}

/* ---- Claims ---- */

static void jump_begin(serving *one, const char *url)
{
    static const filch_handler handlers[] = {{.type = "jump", .fn = jump_handle}};
    jumps.service = service_of((filch_service_config){.broker = url, .width = JUMP_WIDTH}, handlers,
                               sizeof handlers / sizeof *handlers);
    serving_begin(one, jumps.service);
}

static void jump_end(serving *one)
{
    OK(filch_service_stop(jumps.service, FILCH_FOREVER));
    cr_assert_eq(serving_end(one), 0, "%s", filch_error());
    OK(filch_service_destroy(jumps.service));
}

static inline void jumps_of_the_worker_change_nothing(const char *url)
{
    static const int64_t steps[] = {
        JUMP_HOUR, -JUMP_HOUR, JUMP_DAYS, -JUMP_DAYS, -JUMP_DAYS, JUMP_HOUR, JUMP_DAYS - JUMP_HOUR};
    serving one;
    jump_begin(&one, url);
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
        jump_check(jump_under_load(jump_wall_by, steps[i]), 1, JUMP_DELAY);
    jump_end(&one);
}

/* The clock that delays go by. */
typedef struct jump_clock {
    const char *url;
    void (*jump)(int64_t ns);
    unsigned runs; /* of a job that is leased when it jumps, at most */
    int64_t back;  /* the longest jump back with jobs: a server may add it to delays for good */
    int64_t early; /* ns by which delays may end early without a jump */
} jump_clock;

/* Forward it ends delays early. Back it makes them longer, until it is right again. */
static inline void jumps_of_the_clock_lose_nothing(const jump_clock *clock)
{
    static const int64_t steps[] = {FILCH_SECOND, JUMP_HOUR, JUMP_DAYS};
    serving one;
    jump_begin(&one, clock->url);
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        jump_check(jump_under_load(clock->jump, steps[i]), clock->runs, 0);
        clock->jump(-steps[i]);
        if (steps[i] > clock->back)
            continue;
        unsigned first = jump_under_load(clock->jump, -steps[i]);
        jump_wait(first + JUMP_LEASED);
        clock->jump(steps[i]);
        jump_check(first, clock->runs, JUMP_DELAY - clock->early);
    }
    jump_end(&one);
}

/* Forward it also ends leases early. */
static inline void jumps_of_the_server_lose_nothing(const char *url, void (*server)(int64_t ns))
{
    jumps_of_the_clock_lose_nothing(
        &(jump_clock){.url = url, .jump = server, .runs = 2, .back = JUMP_DAYS});
}

#endif
