/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: waking an idle runtime in its default configuration, against a mutex pool written by hand
 * and a bare futex, none of them pinned, as in a program without settings. From submission to
 * start, alone and beside a process that computes; and a thread that submits a job and computes as
 * long as the job. */
#include "bars.h"

#include "../../peers/jobpool.h"
#include "../load.h"
#include <errno.h>
#include <filch/atomic.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORKERS = 2, ROOM = 1024, SLICES = 5, WARM = 8, MOST = 20000 };

typedef struct note {
    double started;
    double computes; /* seconds that the job takes */
    bool blocks;     /* the submitter sleeps on `done` */
    filch_u32 done;  /* release: the note is complete */
} note;

static void sleep_on(filch_u32 *word)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void wake(filch_u32 *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void compute(double seconds)
{
    for (double from = measure_now(); measure_now() - from < seconds;)
        filch_pause();
}

/* The note may be gone once `done` is 1: its address is only a number to the last call. */
static void work(void *arg)
{
    note *n = arg;
    bool blocks = n->blocks;
    n->started = measure_now();
    if (n->computes > 0)
        compute(n->computes);
    filch_u32_store(&n->done, 1, FILCH_RELEASE); /* W1 */
    if (blocks)
        wake(&n->done);
}

/* ---- The sides ---- */

static void work_as_task(filch_self self, void *n)
{
    work(n);
}

static void submit_ours(void *rt, note *n)
{
    if (filch_go(rt, work_as_task, n))
        exit(1);
}

static void submit_hand(void *pool, note *n)
{
    jobpool_submit(pool, work, n);
}

static struct {
    filch_u32 posted;
    note *n;
} bare;

static void *bare_thread(void *unused)
{
    for (;;) {
        while (!filch_u32_load(&bare.posted, FILCH_ACQUIRE)) /* W3 */
            sleep_on(&bare.posted);
        filch_u32_store(&bare.posted, 0, FILCH_RELAXED); /* the next post comes after W2 */
        work(bare.n);
    }
    return unused;
}

static void submit_bare(void *unused, note *n)
{
    bare.n = n;
    filch_u32_store(&bare.posted, 1, FILCH_RELEASE); /* W3 */
    wake(&bare.posted);
}

typedef struct side {
    const char *name;
    void (*submit)(void *to, note *n);
    void *to;
    double at[MOST];
    int count;
} side;
enum { OURS, HAND, BARE, SIDES };
static side sides[SIDES] = {{.name = "filch", .submit = submit_ours},
                            {.name = "hand", .submit = submit_hand},
                            {.name = "futex", .submit = submit_bare}};

static void open_sides(void)
{
    filch_runtime *rt;
    jobpool *pool;
    pthread_t thread;
    if (filch_runtime_create(&rt, NULL) || jobpool_create(&pool, WORKERS, ROOM, NULL) ||
        pthread_create(&thread, NULL, bare_thread, NULL)) {
        fputs("no threads\n", stderr);
        exit(1);
    }
    sides[OURS].to = rt;
    sides[HAND].to = pool;
}

static void add(side *s, double at)
{
    if (s->count < MOST)
        s->at[s->count++] = at;
}

static double quantile(int s, double q)
{
    return measure_quantile(sides[s].at, (size_t)sides[s].count, q);
}

static void show(const char *what)
{
    for (int s = 0; s < SIDES; s++)
        printf("    %-30s %-8s p50 %8.2f  p99 %8.2f\n", what, sides[s].name, quantile(s, 0.5),
               quantile(s, 0.99));
}

/* ---- From submission to start ---- */

enum way { BLOCKS, POLLS, SPINS };
static const char *const way_names[] = {"blocks", "polls", "spins"};

static void await(note *n, enum way way)
{
    while (!filch_u32_load(&n->done, FILCH_ACQUIRE)) /* W2: pairs with W1 */
        if (way == BLOCKS)
            sleep_on(&n->done);
        else if (way == POLLS)
            sched_yield();
}

static double latency(side *s, enum way way, double gap)
{
    note n = {.blocks = way == BLOCKS};
    measure_sleep(gap);
    double from = measure_now();
    s->submit(s->to, &n);
    await(&n, way);
    return (n.started - from) * 1e6;
}

/* The sides take turns in slices. The first rounds of a slice are thrown away: the submitter has
 * just used CPU time on the other sides. */
static bool judge_latency(const char *beside, enum way way, double gap, long rounds)
{
    static const struct {
        const char *name;
        double q;
    } quantiles[] = {{"p50", 0.5}, {"p99", 0.99}};
    bool reached = true;
    char what[96];
    for (int s = 0; s < SIDES; s++)
        sides[s].count = 0;
    for (int slice = 0; slice < SLICES; slice++)
        for (int s = 0; s < SIDES; s++)
            for (long i = -WARM; i < rounds / SLICES; i++) {
                double us = latency(&sides[s], way, gap);
                if (i >= 0)
                    add(&sides[s], us);
            }
    snprintf(what, sizeof what, "%s, %g us%s", way_names[way], gap * 1e6, beside);
    show(what);
    for (int i = 0; i < 2; i++) {
        double q = quantiles[i].q, ours = quantile(OURS, q);
        snprintf(what, sizeof what, "wake, %s, %g us%s, %s / by hand", way_names[way], gap * 1e6,
                 beside, quantiles[i].name);
        reached =
            measure_judge_one(what, ours / quantile(HAND, q), MEASURE_AT_MOST, 1.1) && reached;
    }
    return reached;
}

static bool judge_latencies(const char *beside, long rounds)
{
    static const double gaps[] = {20e-6, 200e-6, 2e-3, 20e-3};
    bool reached = true;
    for (enum way way = BLOCKS; way <= SPINS; way++)
        for (int i = 0; i < 4; i++) {
            long fewer = gaps[i] > 1e-3 ? rounds / (i * i) : rounds;
            reached = judge_latency(beside, way, gaps[i], fewer) && reached;
        }
    return reached;
}

static bool judge_beside_load(long rounds)
{
    pid_t load = load_start();
    bool reached = judge_latencies(", beside load", rounds);
    load_stop(load);
    return reached;
}

/* ---- A submitter that computes ---- */

static double side_by_side(side *s, double seconds)
{
    note n = {.computes = seconds, .blocks = true};
    measure_sleep(1e-3);
    double from = measure_now();
    s->submit(s->to, &n);
    compute(seconds);
    await(&n, BLOCKS);
    return (measure_now() - from) / seconds;
}

static bool judge_computing(double seconds, long rounds)
{
    char what[96];
    for (int s = 0; s < SIDES; s++)
        sides[s].count = 0;
    for (long i = -WARM; i < rounds; i++)
        for (int s = 0; s < SIDES; s++)
            for (int in_a_row = 0; in_a_row < 4; in_a_row++) {
                double times = side_by_side(&sides[s], seconds);
                if (i >= 0)
                    add(&sides[s], times);
            }
    snprintf(what, sizeof what, "job and thread, %g us each", seconds * 1e6);
    show(what);
    snprintf(what, sizeof what, "job and thread of %g us side by side / by hand", seconds * 1e6);
    return measure_judge_one(what, quantile(OURS, 0.5) / quantile(HAND, 0.5), MEASURE_AT_MOST, 1.1);
}

bool wake_judge(const bar *unused, const measure_options *options)
{
    bool reached = true;
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    open_sides();
    if (measure_wanted(options, "alone"))
        reached = judge_latencies("", options->size) && reached;
    if (measure_wanted(options, "load"))
        reached = judge_beside_load(options->size) && reached;
    if (measure_wanted(options, "computing")) {
        reached = judge_computing(1e-3, options->size / 8) && reached;
        reached = judge_computing(100e-6, options->size / 8) && reached;
    }
    return reached;
}
