/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: a wait group that is told once too often that somebody is done. No return
 * value could repair that, so the program ends, and names the call. For everybody who starts tasks.
 *
 *   cc mistake_done_too_often.c $(pkg-config --cflags --libs filch) -o mistake_done_too_often */
#include <filch/filch.h>
#include <stdio.h>

static filch_waitgroup group;

static int work(filch_self self, filch_scope *scope, void *times)
{
    (void)self, (void)scope;
    for (intptr_t i = 0; i < (intptr_t)times; i++)
        filch_waitgroup_done(&group); /* once in the loop, and once on the way out */
    return 0;
}

int main(void)
{
    filch_runtime *rt;
    filch_scope scope;
    setvbuf(stdout, NULL, _IOLBF, 0);
    filch_waitgroup_add(&group, 2);
    if (filch_runtime_create(&rt, NULL) || filch_scope_begin(&scope, rt, NULL) ||
        FILCH_SPAWN(&scope, work, (void *)1) || FILCH_SPAWN(&scope, work, (void *)1))
        return fprintf(stderr, "mistake_done_too_often: %s\n", filch_error()), 1;
    filch_waitgroup_wait(&group);
    printf("two were done\n");
    filch_waitgroup_add(&group, 1);
    if (FILCH_SPAWN(&scope, work, (void *)2))
        return fprintf(stderr, "mistake_done_too_often: %s\n", filch_error()), 1;
    filch_scope_end(&scope);
    printf("this is not reached\n");
    return filch_runtime_destroy(rt);
}
