/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Use after the end of an argument: a task tells that it is ready, and then looks at the request once
 * more. When the other task is ready, too, the owner takes the request back for its next use. */
#include <err.h>
#include <filch/filch.h>

typedef struct request {
    filch_waitgroup tasks;
    unsigned number, answer, archived;
} request;

static request slot;
static unsigned last_number;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void answer(filch_self self, void *arg)
{
    (void)self;
    request *r = arg;
    r->answer = 2 * r->number;
    filch_waitgroup_done(&r->tasks);
    last_number = r->number;
}

static void archive(filch_self self, void *arg)
{
    (void)self;
    request *r = arg;
    r->archived = work(500000 + r->number);
    filch_waitgroup_done(&r->tasks);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    slot.number = 21;
    filch_waitgroup_add(&slot.tasks, 2);
    filch_go(rt, answer, &slot);
    filch_go(rt, archive, &slot);
    filch_waitgroup_wait(&slot.tasks);
    slot.number = 0;
    int rc = filch_runtime_destroy(rt);
    if (slot.answer != 42 || last_number != 21)
        errx(1, "request %u was answered by %u", last_number, slot.answer);
    return rc;
}
