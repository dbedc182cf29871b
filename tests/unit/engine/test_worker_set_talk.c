/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A surplus worker retires although two fibers that talk to each other always leave it something to
 * do; they go on elsewhere. */
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

typedef struct talk {
    filch_channel *there, *back;
    hold stuck;
    signpost begun, over, ended;
} talk;

static bool on_the_last(void)
{
    return filch_worker_index() == (int)filch_runtime_max_workers(filch_runtime_here()) - 1;
}

static void holds_the_first(filch_self self, void *arg)
{
    talk *t = arg;
    while (on_the_last())
        filch_yield(self);
    slots_held(self, &t->stuck);
}

/* Until it is told 0. */
static void answers(filch_self self, void *arg)
{
    talk *t = arg;
    int word = 1;
    while (word && !filch_channel_receive(t->there, &word))
        filch_channel_send(t->back, &word);
    signpost_raise(&t->ended);
}

static void asks(filch_self self, void *arg)
{
    talk *t = arg;
    int word = 1;
    filch_go(NULL, answers, t);
    while (word) {
        word = !signpost_count(&t->over);
        filch_channel_send(t->there, &word);
        filch_channel_receive(t->back, &word);
        signpost_raise(&t->begun);
    }
    signpost_raise(&t->ended);
}

static void retire_beneath_a_talk(const char *queue)
{
    talk t = {0};
    filch_runtime *rt = slots_runtime(2, 2, queue);
    OK(filch_channel_create(&t.there, sizeof(int), 0));
    OK(filch_channel_create(&t.back, sizeof(int), 0));
    OK(filch_go(rt, holds_the_first, &t));
    signpost_wait(&t.stuck.came, 1);
    OK(filch_go(rt, asks, &t));
    signpost_wait(&t.begun, 1);
    OK(filch_runtime_resize(rt, 1));
    WAIT_WHILE(!fl_idle_resting(fl_idle_look(&rt->idle)));
    signpost_raise(&t.over);
    signpost_raise(&t.stuck.go);
    signpost_wait(&t.ended, 2);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(t.there);
    filch_channel_destroy(t.back);
}

/* Where fibers are few, workers starve for them, and a surplus one goes on with ready ones. */
Test(worker_set_talk, surplus_worker_retires_beneath_talking_fibers, .init = have_fibers)
{
    on_both(retire_beneath_a_talk);
}
