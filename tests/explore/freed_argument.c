/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Use after free: a task tells that the answer is there, and then looks at the request once more.
 * The owner may have freed that by then. */
#include <err.h>
#include <filch/filch.h>
#include <stdlib.h>

typedef struct request {
    filch_semaphore done;
    int number, answer;
} request;

static int last_number;

static void answer(filch_self self, void *arg)
{
    (void)self;
    request *r = arg;
    r->answer = 2 * r->number;
    filch_semaphore_give_back(&r->done, 1);
    last_number = r->number;
}

static void ask(filch_self self, void *arg)
{
    (void)self;
    request *r = calloc(1, sizeof *r);
    if (!r)
        errx(2, "no memory");
    r->number = 21;
    filch_go(NULL, answer, r);
    filch_semaphore_acquire(&r->done, 1);
    *(int *)arg = r->answer;
    r->number = 0; /* as the next owner of the memory may do */
    free(r);
}

int main(void)
{
    filch_runtime *rt;
    int got = 0;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    filch_go(rt, ask, &got);
    int rc = filch_runtime_destroy(rt);
    if (got != 42 || last_number != 21)
        errx(1, "request %d was answered by %d", last_number, got);
    return rc;
}
