/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A million tasks: a pool that grows and shrinks, a rate limit, errors, retries, a clean end, in
 * bounded memory and with an exact account. For service authors.
 *
 *   cc -O2 million.c $(pkg-config --cflags --libs filch) -o million
 *   ./million 100000      a trial with fewer, a multiple of 1000; it claims no figures */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/observe.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    MILLION = 1000000,
    BATCH = 100,      /* tasks that are let in at a time */
    ROOM = 1000,      /* tasks under way: those that wait for another attempt are among them */
    LEAST = 4,        /* the width, */
    MOST = 512,       /* from least to most */
    RATE = 600000,    /* a second */
    MEMORY = 32 << 10 /* KiB more than in the beginning */
};

typedef struct task {
    long number;
    int64_t begun;
} task;

typedef struct service {
    filch_pool *pool;
    filch_limiter *limiter;
    filch_channel *free; /* tasks whose memory may be used again */
    filch_distribution *times;
    unsigned widest;
    task room[ROOM];
} service;

static service s;

static void check(int rc)
{
    if (rc)
        errx(1, "%s", filch_error());
}

/* ---- A task ---- */

/* Of 1,000: 20 find the other side busy once, 5 always; 5 make no sense. One in 16 waits. */
static int work(filch_self self, filch_job *job, void *data)
{
    (void)self;
    const task *mine = data;
    int kind = (int)(mine->number % 1000);
    if (kind < 20 && filch_job_attempts(job) == 1)
        return -EAGAIN;
    if (kind >= 20 && kind < 25)
        return -EBUSY;
    if (kind >= 25 && kind < 30)
        return -EINVAL;
    return kind % 16 ? 0 : filch_sleep(FILCH_MILLISECOND);
}

static void note(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job, (void)outcome, (void)why;
    task *mine = data;
    filch_distribution_record(s.times, filch_now() - mine->begun);
    check(filch_channel_send(s.free, &mine)); /* there is room for all */
}

/* ---- The width: chapter 4 ---- */

static unsigned width_for(const filch_pool_stats *now)
{
    unsigned width = (unsigned)now->width;
    if (now->waiting - now->delayed > now->width && width < MOST)
        return width * 2;
    if (now->waiting == now->delayed && now->running <= now->width / 2 && width > LEAST)
        return width / 2;
    return width;
}

/* True: something has changed. */
static bool steer(void)
{
    filch_pool_stats now;
    filch_pool_stats_read(s.pool, &now, sizeof now);
    unsigned width = width_for(&now);
    if (width > s.widest)
        s.widest = width;
    if (width == now.width)
        return false;
    check(filch_pool_resize(s.pool, width));
    return true;
}

/* ---- The source: a task as well, so that waiting costs no switch of threads ---- */

FILCH_TASK(int, supply, (long, tasks))
{
    for (long i = 0; i < tasks; i++) {
        if (i % BATCH == 0)
            check(filch_limiter_acquire(s.limiter, BATCH, NULL, FILCH_FOREVER));
        if (i % ROOM == ROOM - 1)
            steer();
        task *one;
        check(filch_channel_receive(s.free, &one)); /* waits while ROOM of them are under way */
        *one = (task){.number = i, .begun = filch_now()};
        check(FILCH_SUBMIT_AS(s.pool, work, one, .done = note));
    }
    return 0;
}

/* ---- All together ---- */

static long memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static const char *yes(bool it_is)
{
    return it_is ? "yes" : "no";
}

static void open_all(filch_runtime *rt)
{
    static const filch_retry_policy retry = {.attempts = 3, .base = FILCH_MILLISECOND};
    check(filch_limiter_create(&s.limiter, (filch_limit){.rate = RATE, .burst = 10 * BATCH}));
    check(filch_channel_create(&s.free, sizeof(task *), ROOM));
    check(filch_distribution_create(&s.times));
    check(filch_pool_create(
        &s.pool,
        &(filch_pool_config){.runtime = rt, .order = FILCH_FIFO, .width = LEAST, .retry = &retry}));
    for (int i = 0; i < ROOM; i++) {
        task *one = &s.room[i];
        check(filch_channel_send(s.free, &one));
    }
}

static void close_all(filch_runtime *rt)
{
    filch_pool_destroy(s.pool);
    filch_distribution_destroy(s.times);
    filch_channel_destroy(s.free);
    filch_limiter_destroy(s.limiter);
    filch_runtime_destroy(rt);
}

/* Of the pool, which has come to rest. */
static bool account_is_exact(uint64_t thousands)
{
    filch_pool_stats all;
    filch_pool_stats_read(s.pool, &all, sizeof all);
    return all.accepted == 1000 * thousands && all.waiting + all.running == 0 &&
           all.outcomes[FILCH_SUCCEEDED] == 990 * thousands &&
           all.outcomes[FILCH_FAILED] == 10 * thousands && all.retries == (20 + 5 * 2) * thousands;
}

static void print_figures(double seconds, long grown)
{
    filch_snapshot *times;
    check(filch_snapshot_create(&times));
    filch_snapshot_add(times, s.times);
    double minute = MILLION / seconds * 60,
           p99 = (double)filch_snapshot_quantile(times, 0.99) / FILCH_SECOND;
    printf("memory grew by less than 32 MiB: %s\n", yes(grown < MEMORY));
    printf("10,000 tasks a minute: exceeded a hundred times: %s\n", yes(minute >= 100 * 10000));
    printf("99 in a hundred done within 5 s: in a hundredth of that: %s\n", yes(p99 <= 5. / 100));
    filch_snapshot_destroy(times);
}

int main(int argc, char **argv)
{
    long tasks = argc > 1 ? atol(argv[1]) : MILLION, before = memory();
    filch_runtime *rt;
    if (tasks <= 0 || tasks % 1000)
        errx(1, "%s tasks; give a multiple of 1000", argv[1]);
    check(filch_runtime_create(&rt, NULL));
    open_all(rt);

    int64_t begin = filch_now();
    check(FILCH_RUN(rt, supply, tasks));
    check(filch_pool_shutdown(s.pool, filch_in(30 * FILCH_SECOND))); /* cancels none */
    double seconds = (double)(filch_now() - begin) / FILCH_SECOND;

    printf("of 1,000 tasks 990 succeeded, 20 of them at the second attempt; 10 failed, 5 of them\n"
           "  at the third; nothing was lost or done twice: %s\n",
           yes(account_is_exact((uint64_t)tasks / 1000)));
    printf("after the end it accepts nothing: %s\n",
           yes(FILCH_SUBMIT(s.pool, work, s.room) == -EPIPE));
    while (steer())
        ;
    filch_pool_stats now;
    filch_pool_stats_read(s.pool, &now, sizeof now);
    printf("the width grew to four times its least or more, and fell back: %s\n",
           yes(s.widest >= 4 * LEAST && now.width == LEAST));
    printf("it kept to the rate: %s\n", yes((double)tasks <= 10 * BATCH + RATE * seconds));
    if (tasks == MILLION)
        print_figures(seconds, memory() - before);
    close_all(rt);
    return 0;
}
