/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: the mutex that suspends. An uncontended lock and unlock, against pthread's. 64 tasks on two
 * workers that all want one mutex, against 64 threads and a pthread mutex, with the same critical
 * section. The longest wait of any of the tasks. */
#include "measure.h"

#include "runtimes.h"
#include <filch/sync.h>

enum { PARTIES = 64, WORKERS = 2, STEPS_INSIDE = 16 };

typedef struct pair_lab {
    filch_runtime *rt;
    long count; /* critical sections, of all parties together */
    double seconds;
} pair_lab;

/* ---- Uncontended ---- */

FILCH_VOID_TASK(pairs, (pair_lab *, lab))
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
    pair_lab *lab = context;
    FILCH_RUN(lab->rt, pairs, lab);
    return lab->seconds / (double)lab->count;
}

static double pairs_of_threads(void *context)
{
    const pair_lab *lab = context;
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
        if (filch_go(rt, task_contends, contest)) {
            fprintf(stderr, "no task: %s\n", filch_error());
            exit(1);
        }
    filch_waitgroup_wait(&contest->group);
    return measure_now() - from;
}

static double contest_of_threads(contest_state *contest)
{
    pthread_t threads[PARTIES];
    pthread_barrier_init(&contest->start, NULL, PARTIES + 1);
    for (int i = 0; i < PARTIES; i++)
        if (pthread_create(&threads[i], NULL, thread_contends, contest)) {
            fputs("no thread\n", stderr);
            exit(1);
        }
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
    if (!contest) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    contest->theirs = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    contest->share = arm->count / PARTIES;
    contest->steps_outside = arm->steps_outside;
    contest->watched = arm->watched;
    double seconds = arm->rt ? contest_of_tasks(arm->rt, contest) : contest_of_threads(contest);
    if (contest->done != contest->share * PARTIES ||
        contest->state != steps(0, (unsigned)contest->done * STEPS_INSIDE)) {
        fputs("two were inside at once\n", stderr);
        exit(1);
    }
    if (contest->longest > arm->longest)
        arm->longest = contest->longest;
    free(contest);
    return seconds / (double)arm->count;
}

static bool judge_contest(filch_runtime *rt, const char *what, long count, unsigned steps_outside,
                          int repeat)
{
    contest_arm ours = {rt, count, steps_outside, false, 0};
    contest_arm theirs = {NULL, count, steps_outside, false, 0};
    measure_arm arms[] = {{.name = "64 tasks", .once = contest_once, .context = &ours},
                          {.name = "64 threads", .once = contest_once, .context = &theirs}};
    measure_interleaved(arms, 2, repeat);
    for (int i = 0; i < 2; i++)
        measure_show(what, &arms[i], 1e9, "ns", repeat);
    return measure_judge(what, measure_ratio(&arms[1], &arms[0], 1, repeat), MEASURE_AT_LEAST, 1);
}

static bool judge_patience(filch_runtime *rt, long count, int repeat)
{
    contest_arm ours = {rt, count, 0, true, 0}, theirs = {NULL, count, 0, true, 0};
    for (int i = 0; i < repeat; i++) {
        contest_once(&ours);
        contest_once(&theirs);
    }
    measure_judge_one("the longest that one of 64 threads waits, ms", (double)theirs.longest * 1e-6,
                      MEASURE_REPORTED, 0);
    return measure_judge_one("the longest that one of 64 tasks waits, ms",
                             (double)ours.longest * 1e-6, MEASURE_AT_MOST, 100);
}

static bool judge_pairs(filch_runtime *rt, long count, int repeat)
{
    pair_lab lab = {.rt = rt, .count = count};
    measure_arm arms[] = {{.name = "filch", .once = pairs_of_tasks, .context = &lab},
                          {.name = "pthread", .once = pairs_of_threads, .context = &lab}};
    measure_interleaved(arms, 2, repeat);
    for (int i = 0; i < 2; i++)
        measure_show("lock and unlock, uncontended", &arms[i], 1e9, "ns", repeat);
    return measure_judge("mutex, uncontended / pthread's",
                         measure_ratio(&arms[0], &arms[1], 1, repeat), MEASURE_AT_MOST, 1.5);
}

int main(int argc, char **argv)
{
    measure_options options =
        measure_read_options(argc, argv, 1000000, "LOCKS of a round, of all parties together");
    filch_runtime *rt = runtime_of(WORKERS, NULL);
    bool reached = true;
    if (measure_wanted(&options, "pairs"))
        reached = judge_pairs(rt, options.size, options.repeat) && reached;
    if (measure_wanted(&options, "busy"))
        reached = judge_contest(rt, "64 tasks, nothing but the mutex: threads' time / tasks'",
                                options.size, 0, options.repeat) &&
                  reached;
    if (measure_wanted(&options, "spaced"))
        reached = judge_contest(rt, "64 tasks, work in between: threads' time / tasks'",
                                options.size, 8 * STEPS_INSIDE, options.repeat) &&
                  reached;
    if (measure_wanted(&options, "patience"))
        reached = judge_patience(rt, options.size, options.repeat) && reached;
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
