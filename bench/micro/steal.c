/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From publishing work on one worker to its start on another: an item of the ready deque, a gift
 * from the fork stack, a task robbed from a silent owner. For a gift the owner keeps forking and
 * joining, so it answers requests. Floor: a word that one spinning thread hands to another on the
 * other CPU. The thief has just run out of work, so it is searching. */
#include "micro.h"

typedef struct stolen {
    filch_u32 started; /* T1: set by the thief, seen by the owner */
    double from, at;
    int owner, by; /* workers */
    filch_runtime *rt;
} stolen;

static void start(stolen *s)
{
    s->at = measure_now();
    s->by = filch_worker_index();
    filch_u32_store(&s->started, 1, FILCH_RELEASE); /* T1: at and by are written */
}

static bool has_started(const stolen *s)
{
    return filch_u32_load(&s->started, FILCH_ACQUIRE); /* T1 */
}

static void detached(filch_self self, void *arg)
{
    start(arg);
}

FILCH_VOID_TASK(forked, (stolen *, s))
{
    start(s);
}

FILCH_TASK(long, nothing, (long, x))
{
    return x;
}

FILCH_VOID_TASK(owner_of_item, (stolen *, s))
{
    s->owner = filch_worker_index();
    s->from = measure_now();
    if (filch_go(s->rt, detached, s))
        filch_die("no memory for an item");
    while (!has_started(s))
        filch_pause();
}

FILCH_VOID_TASK(answering_owner, (stolen *, s))
{
    s->owner = filch_worker_index();
    s->from = measure_now();
    FILCH_FORK(forked, s);
    while (!has_started(s)) {
        FILCH_FORK(nothing, 1);
        FILCH_JOIN(long x, nothing);
        (void)x;
    }
    FILCH_JOIN_VOID(forked);
}

FILCH_VOID_TASK(silent_owner, (stolen *, s))
{
    s->owner = filch_worker_index();
    s->from = measure_now();
    FILCH_FORK(forked, s);
    while (!has_started(s))
        filch_pause();
    FILCH_JOIN_VOID(forked);
}

static void run_item(stolen *s)
{
    FILCH_RUN(s->rt, owner_of_item, s);
}

static void run_gift(stolen *s)
{
    FILCH_RUN(s->rt, answering_owner, s);
}

static void run_rob(stolen *s)
{
    FILCH_RUN(s->rt, silent_owner, s);
}

static const struct {
    const char *name;
    void (*run)(stolen *s);
} ways[] = {{"ready deque item", run_item},
            {"fork stack gift", run_gift},
            {"silent owner robbed", run_rob}};

static void steal(shim_state *state)
{
    int64_t way = shim_range(state);
    int cpus[2];
    if (measure_cpus(cpus) < 2) {
        shim_fail(state, "one CPU only");
        return;
    }
    filch_runtime *rt = micro_workers(state, 2);
    if (!rt)
        return;
    shim_label(state, ways[way].name);
    while (shim_keep_running(state)) {
        stolen s = {.rt = rt};
        ways[way].run(&s);
        if (s.by == s.owner)
            filch_die("the owner ran its own task while it was waiting for a thief");
        shim_set_seconds(state, s.at - s.from);
    }
    filch_runtime_destroy(rt);
}

/* ---- Floor: a word between two spinning threads ---- */

typedef struct relay {
    FILCH_ALIGNED(FILCH_APART) filch_u32 go; /* R1: round number; UINT32_MAX: stop */
    FILCH_ALIGNED(FILCH_APART) filch_u32 back;
    int cpu;
} relay;

static void *relay_runner(void *arg)
{
    relay *r = arg;
    measure_pin(r->cpu);
    for (uint32_t seen = 0, now;;) {
        while ((now = filch_u32_load(&r->go, FILCH_ACQUIRE)) == seen) /* R1 */
            filch_pause();
        if (now == UINT32_MAX)
            return NULL;
        seen = now;
        filch_u32_store(&r->back, seen, FILCH_RELEASE); /* R2 */
    }
}

static void word_there_and_back(shim_state *state)
{
    static relay r;
    pthread_t thread;
    cpu_set_t before;
    int cpus[2];
    uint32_t round = 0;
    filch_u32_store(&r.go, 0, FILCH_RELAXED);   /* before the thread exists */
    filch_u32_store(&r.back, 0, FILCH_RELAXED); /* likewise */
    if (measure_cpus(cpus) < 2 ||
        (r.cpu = cpus[1], pthread_create(&thread, NULL, relay_runner, &r))) {
        shim_fail(state, "no second CPU or thread");
        return;
    }
    sched_getaffinity(0, sizeof before, &before);
    measure_pin(cpus[0]);
    while (shim_keep_running(state)) {
        filch_u32_store(&r.go, ++round, FILCH_RELEASE);         /* R1 */
        while (filch_u32_load(&r.back, FILCH_ACQUIRE) != round) /* R2 */
            filch_pause();
    }
    filch_u32_store(&r.go, UINT32_MAX, FILCH_RELEASE); /* R1 */
    pthread_join(thread, NULL);
    sched_setaffinity(0, sizeof before, &before);
}

void register_steal(void)
{
    shim_benchmark *b = shim_register("steal/filch", steal);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        shim_argument(b, (int64_t)i);
    shim_use_manual_time(b);
    shim_use_real_time(shim_register("steal/floor/word there and back", word_there_and_back));
}
