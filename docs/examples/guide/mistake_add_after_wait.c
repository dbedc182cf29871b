/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: tasks add themselves to a wait group when they begin; the waiter may be there
 * before them, and does not wait. For everybody who starts tasks.
 *
 *   cc mistake_add_after_wait.c $(pkg-config --cflags --libs filch) -o mistake_add_after_wait */
#include <filch/filch.h>
#include <stdio.h>

enum { TASKS = 10 };

typedef struct team {
    filch_waitgroup group;
    filch_waitgroup start; /* tasks begin late, so that it goes wrong every time */
    filch_u32 done;
} team;

static void work(team *mine)
{
    filch_waitgroup_wait(&mine->start);
    filch_u32_add(&mine->done, 1, FILCH_RELAXED); /* read when all are done */
}

static void adds_itself(filch_self self, void *arg)
{
    (void)self;
    team *mine = arg;
    filch_waitgroup_wait(&mine->start);
    filch_waitgroup_add(&mine->group, 1); /* too late */
    work(mine);
    filch_waitgroup_done(&mine->group);
}

static void was_added(filch_self self, void *arg)
{
    (void)self;
    team *mine = arg;
    work(mine);
    filch_waitgroup_done(&mine->group);
}

static int child(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    work(arg);
    return 0;
}

static void tell(const char *what, team *mine)
{
    printf("%s: waited for %u of %d tasks\n", what, filch_u32_load(&mine->done, FILCH_RELAXED),
           TASKS);
}

int main(void)
{
    filch_runtime *rt;
    filch_scope scope;
    team wrong = {0}, right = {0}, none = {0};
    int rc = filch_runtime_create(&rt, NULL);
    filch_waitgroup_add(&wrong.start, 1);
    for (int i = 0; i < TASKS && !rc; i++)
        rc = filch_go(rt, adds_itself, &wrong);
    filch_waitgroup_wait(&wrong.group);
    tell("added by themselves", &wrong);
    filch_waitgroup_done(&wrong.start);

    filch_waitgroup_add(&right.group, TASKS); /* before they start */
    for (int i = 0; i < TASKS && !rc; i++)
        rc = filch_go(rt, was_added, &right);
    if (!rc)
        filch_waitgroup_wait(&right.group);
    tell("added before", &right);

    rc = rc ? rc : filch_scope_begin(&scope, rt, NULL); /* counts for itself */
    for (int i = 0; i < TASKS && !rc; i++)
        rc = FILCH_SPAWN(&scope, child, &none);
    if (rc || filch_scope_end(&scope))
        return fprintf(stderr, "mistake_add_after_wait: %s\n", filch_error()), 1;
    tell("a scope", &none);
    return filch_runtime_destroy(rt); /* has waited for the first ones, too */
}
