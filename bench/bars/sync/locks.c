/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: the mutex that suspends. An uncontended lock and unlock, against pthread's. 64 tasks on two
 * workers that all want one mutex, against 64 threads and a pthread mutex, with the same critical
 * section. The longest wait of any of the tasks. */
#include "bars.h"

#include <filch/sync.h>

enum { PARTIES = 64, WORKERS = 2, STEPS_INSIDE = 16 };

/* ---- Uncontended ---- */

FILCH_VOID_TASK(pairs, (plan *, lab))
{
    filch_mutex mutex = {0};
    double from = measure_now();
    for (long i = 0; i < lab->count; i++) {
        filch_mutex_lock(&mutex);
        filch_mutex_unlock(&mutex);
    }
    lab->seconds = measure_now() - from;
}

static double pairs_of_tasks(void *context)
{
    plan *lab = context;
    FILCH_RUN(lab->rt, pairs, lab);
    return lab->seconds / (double)lab->count;
}

static double pairs_of_threads(void *context)
{
    const plan *lab = context;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    double from = measure_now();
    for (long i = 0; i < lab->count; i++) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
    return (measure_now() - from) / (double)lab->count;
}

/* ---- Contended ---- */

/* The same for both kinds of parties, who differ in the mutex alone. */
typedef struct contest_state {
    filch_mutex ours;
    pthread_mutex_t theirs;
    filch_waitgroup group;
    pthread_barrier_t start;
    long share;
    unsigned steps_outside;
    bool watched; /* how long each waits is measured */
    char apart[FILCH_APART];
    uint64_t state; /* under the mutex */
    long done;
    int64_t longest; /* ns */
} contest_state;

static inline uint64_t steps(uint64_t x, unsigned count)
{
    while (count--)
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
    return x;
}

static void lock_ours(contest_state *contest)
{
    filch_mutex_lock(&contest->ours);
}
static void unlock_ours(contest_state *contest)
{
    filch_mutex_unlock(&contest->ours);
}
static void lock_theirs(contest_state *contest)
{
    pthread_mutex_lock(&contest->theirs);
}
static void unlock_theirs(contest_state *contest)
{
    pthread_mutex_unlock(&contest->theirs);
}

FILCH_INLINE void contend(contest_state *contest, void (*lock)(contest_state *),
                          void (*unlock)(contest_state *))
{
    uint64_t own = (uint64_t)(uintptr_t)&own;
    for (long i = 0; i < contest->share; i++) {
        int64_t from = contest->watched ? filch_now() : 0;
        lock(contest);
        int64_t waited = contest->watched ? filch_now() - from : 0;
        if (waited > contest->longest)
            contest->longest = waited;
        contest->state = steps(contest->state, STEPS_INSIDE);
        contest->done++;
        unlock(contest);
        own = steps(own, contest->steps_outside);
    }
    if (own == 0)
        puts(""); /* so that it is computed */
}

static void task_contends(filch_self self, void *arg)
{
    contest_state *contest = arg;
    contend(contest, lock_ours, unlock_ours);
    filch_waitgroup_done(&contest->group);
}

static void *thread_contends(void *arg)
{
    contest_state *contest = arg;
    pthread_barrier_wait(&contest->start);
    contend(contest, lock_theirs, unlock_theirs);
    return NULL;
}

static double contest_of_tasks(filch_runtime *rt, contest_state *contest)
{
    double from = measure_now();
    filch_waitgroup_add(&contest->group, PARTIES);
    for (int i = 0; i < PARTIES; i++)
        measure_check(filch_go(rt, task_contends, contest));
    filch_waitgroup_wait(&contest->group);
    return measure_now() - from;
}

static double contest_of_threads(contest_state *contest)
{
    pthread_t threads[PARTIES];
    pthread_barrier_init(&contest->start, NULL, PARTIES + 1);
    for (int i = 0; i < PARTIES; i++)
        measure_expect(!pthread_create(&threads[i], NULL, thread_contends, contest), "no thread");
    double from = measure_now();
    pthread_barrier_wait(&contest->start);
    for (int i = 0; i < PARTIES; i++)
        pthread_join(threads[i], NULL);
    double seconds = measure_now() - from;
    pthread_barrier_destroy(&contest->start);
    return seconds;
}

typedef struct contest_arm {
    filch_runtime *rt; /* NULL: threads */
    long count;
    unsigned steps_outside;
    bool watched;
    int64_t longest; /* ns, in all rounds */
} contest_arm;

static double contest_once(void *context)
{
    contest_arm *arm = context;
    contest_state *contest = calloc(1, sizeof *contest);
    measure_expect(contest, "no memory");
    contest->theirs = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    contest->share = arm->count / PARTIES;
    contest->steps_outside = arm->steps_outside;
    contest->watched = arm->watched;
    double seconds = arm->rt ? contest_of_tasks(arm->rt, contest) : contest_of_threads(contest);
    measure_expect(contest->done == contest->share * PARTIES &&
                       contest->state == steps(0, (unsigned)contest->done * STEPS_INSIDE),
                   "two were inside at once");
    if (contest->longest > arm->longest)
        arm->longest = contest->longest;
    free(contest);
    return seconds / (double)arm->count;
}

/* ---- Judgement; a runtime for both kinds of parties ---- */

static bool judge_contest(const char *what, unsigned steps_outside, const measure_options *options)
{
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    contest_arm ours = {rt, options->size, steps_outside, false, 0};
    contest_arm theirs = {NULL, options->size, steps_outside, false, 0};
    measure_arm arms[] = {{.name = "64 tasks", .once = contest_once, .context = &ours},
                          {.name = "64 threads", .once = contest_once, .context = &theirs}};
    measure_race(what, arms, 2, 1e9, "ns", options->repeat);
    filch_runtime_destroy(rt);
    return measure_judge_ratio(what, &arms[1], &arms[0], options->repeat, MEASURE_AT_LEAST, 1);
}

bool locks_busy(const bar *row, const measure_options *options)
{
    return judge_contest("64 tasks, nothing but the mutex: threads' time / tasks'", 0, options);
}

bool locks_spaced(const bar *row, const measure_options *options)
{
    return judge_contest("64 tasks, work in between: threads' time / tasks'", 8 * STEPS_INSIDE,
                         options);
}

bool locks_patience(const bar *row, const measure_options *options)
{
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    contest_arm ours = {rt, options->size, 0, true, 0}, theirs = {NULL, options->size, 0, true, 0};
    for (int i = 0; i < options->repeat; i++) {
        contest_once(&ours);
        contest_once(&theirs);
    }
    filch_runtime_destroy(rt);
    measure_judge_one("the longest that one of 64 threads waits, ms", (double)theirs.longest * 1e-6,
                      MEASURE_REPORTED, 0);
    return measure_judge_one("the longest that one of 64 tasks waits, ms",
                             (double)ours.longest * 1e-6, MEASURE_AT_MOST, 100);
}

bool locks_pairs(const bar *row, const measure_options *options)
{
    plan lab = {.rt = runtime_of(WORKERS, NULL), .count = options->size};
    measure_arm arms[] = {{.name = "filch", .once = pairs_of_tasks, .context = &lab},
                          {.name = "pthread", .once = pairs_of_threads, .context = &lab}};
    measure_race("lock and unlock, uncontended", arms, 2, 1e9, "ns", options->repeat);
    filch_runtime_destroy(lab.rt);
    return measure_judge_ratio("mutex, uncontended / pthread's", &arms[0], &arms[1],
                               options->repeat, MEASURE_AT_MOST, 1.5);
}
