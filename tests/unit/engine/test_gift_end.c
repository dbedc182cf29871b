/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The end of a gift is noted by the worker on which it ends, for its next search only: the worker's
 * times count from there. */
#include <runtime/platform/clock.h>
#include <tests/support/engine.h>
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
