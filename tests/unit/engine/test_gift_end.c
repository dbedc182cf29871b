/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The end of a gift is noted by the worker on which it ends, for its next search only: the worker's
 * times count from there. */
#include <runtime/platform/clock.h>

#include <runtime/engine/worker.h>
#include <tests/support/engine.h>
#include <tests/support/par.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Once ---- */

/* As if a gift had ended here. */
FILCH_VOID_TASK(notes_an_end)
{
    fl_worker_here()->gift_ended = fl_now();
}

FILCH_TASK(int, sees_no_end)
{
    return fl_worker_here()->gift_ended == 0;
}

Test(gift_end, counts_for_the_next_search_only)
{
    filch_runtime *rt = slots_runtime(1, 1, NULL);
    FILCH_RUN(rt, notes_an_end);
    cr_assert(FILCH_RUN(rt, sees_no_end));
    OK(filch_runtime_destroy(rt));
}

/* ---- Where ---- */

typedef struct journey {
    filch_channel *words;
    hold stuck;
    signpost begun;
    int from, to; /* workers */
} journey;

FILCH_VOID_TASK(moves, (journey *, j))
{
    int word;
    j->from = filch_worker_index();
    signpost_raise(&j->begun);
    filch_channel_receive(j->words, &word);
    j->to = filch_worker_index();
}

FILCH_TASK(int, leaf)
{
    return 1;
}

/* The worker that has taken the task is held meanwhile. Returns whether it noted no end. */
FILCH_TASK(int, sends_it_elsewhere, (journey *, j))
{
    filch_runtime *rt = filch_runtime_here();
    FILCH_FORK(moves, j);
    while (!signpost_count(&j->begun)) { /* answers the thief */
        FILCH_FORK(leaf);
        FILCH_JOIN(FILCH_UNUSED int one, leaf);
    }
    OK(filch_go(rt, slots_held, &j->stuck));
    signpost_wait(&j->stuck.came, 1);
    OK(filch_channel_send(j->words, &(int){1}));
    FILCH_JOIN_VOID(moves);
    int noted = rt->worker[j->from]->gift_ended != 0;
    signpost_raise(&j->stuck.go);
    signpost_wait(&j->stuck.left, 1);
    return !noted;
}

/* Most tasks that are taken so are gifts. */
Test(gift_end, is_noted_where_the_gift_ends)
{
    enum { TIMES = 20 };
    filch_runtime *rt = slots_runtime(2, 2, NULL);
    for (unsigned i = 0; i < TIMES; i++) {
        journey j = {.from = -1, .to = -1};
        OK(filch_channel_create(&j.words, sizeof(int), 1));
        cr_assert(FILCH_RUN(rt, sends_it_elsewhere, &j));
        cr_assert_neq(j.from, j.to);
        filch_channel_destroy(j.words);
    }
    OK(filch_runtime_destroy(rt));
}

/* The thief of a long ready deque works it off without a search for each item. No clock: searches
 * are counted by the changes of the word that they change (sched/idle.h). */

enum { JOBS = 500, SEARCHED = 60 };

static struct {
    filch_u32 published, ran;
    filch_u32 times[JOBS];
} test;

/* The first one waits until all lie in the deque. */
static void run_job(filch_self self, void *number)
{
    WAIT_WHILE(!filch_u32_load(&test.published, FILCH_ACQUIRE));
    filch_u32_add(&test.times[(uintptr_t)number], 1, FILCH_RELAXED);
    filch_u32_add(&test.ran, 1, FILCH_ACQ_REL);
}

/* Their owner only waits, so that all are stolen. Returns how often a search began or ended
 * meanwhile. */
FILCH_TASK(uint64_t, publish_and_wait, (filch_runtime *, rt))
{
    for (uintptr_t i = 0; i < JOBS; i++)
        if (filch_go(NULL, run_job, (void *)i))
            filch_die("%s", filch_error());
    uint64_t before = fl_idle_look(&rt->idle);
    filch_u32_store(&test.published, 1, FILCH_RELEASE);
    WAIT_WHILE(filch_u32_load(&test.ran, FILCH_ACQUIRE) < JOBS);
    return (fl_idle_look(&rt->idle) - before) / FL_IDLE_CHANGE;
}

Test(steal_again, long_deque_needs_few_searches)
{
    filch_runtime *rt = par_runtime(2);
    uint64_t changes = FILCH_RUN(rt, publish_and_wait, rt);
    cr_assert_leq(changes, 2 * SEARCHED, "%llu changes for %d jobs", (unsigned long long)changes,
                  JOBS);
    OK(filch_runtime_destroy(rt));
    for (int i = 0; i < JOBS; i++)
        cr_assert_eq(filch_u32_load(&test.times[i], FILCH_RELAXED), 1, "job %d", i);
}

Test(steal_again, busy_owners_jobs_run_once)
{
    static const unsigned workers[] = {3, 8, 64};
    for (unsigned k = 0; k < sizeof workers / sizeof *workers; k++) {
        filch_runtime *rt = par_runtime(workers[k]);
        memset(&test, 0, sizeof test);
        FILCH_RUN(rt, publish_and_wait, rt);
        OK(filch_runtime_destroy(rt));
        for (int i = 0; i < JOBS; i++)
            cr_assert_eq(filch_u32_load(&test.times[i], FILCH_RELAXED), 1, "job %d", i);
    }
}
