/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: the caller has given up, and the answering task waits forever for somebody
 * to take the answer. One for each request: a leak. For service authors.
 *
 *   cc mistake_fiber_leak.c $(pkg-config --cflags --libs filch) -o mistake_fiber_leak */
#include <filch/filch.h>
#include <filch/observe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 200 };

static filch_channel *answers;
static filch_waitgroup asked;

static int answer(filch_self self, filch_scope *scope, void *gives_up)
{
    (void)self;
    int result = 42;
    filch_waitgroup_done(&asked);
    if (!gives_up)
        return filch_channel_send(answers, &result); /* nobody receives */
    filch_case cases[] = {FILCH_SEND(answers, &result), FILCH_DONE(filch_scope_context(scope))};
    filch_select(cases, 2);
    return 0;
}

static void hear(const char *report, void *unused)
{
    (void)unused;
    printf("%.*s\n", (int)strcspn(report, "\n"), report);
    filch_channel_close(answers);
}

/* A service, and its end: are all its tasks gone? */
static int serve(filch_runtime *rt, const char *name, void *gives_up)
{
    filch_scope scope;
    filch_runtime_stats stats;
    int rc = filch_scope_begin(&scope, rt, NULL);
    for (int i = 0; i < REQUESTS && !rc; i++) {
        filch_waitgroup_add(&asked, 1);
        rc = FILCH_SPAWN(&scope, answer, gives_up);
    }
    if (rc)
        return rc;
    filch_waitgroup_wait(&asked); /* and nobody waits for the answers */
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    printf("%s: %u tasks, a fiber for each: %s\n", name, filch_scope_children(&scope),
           stats.fibers >= REQUESTS ? "yes" : "no");
    if (gives_up)
        filch_context_cancel(filch_scope_context(&scope), 0);
    filch_scope_end(&scope);
    printf("%s: %u tasks left\n", name, filch_scope_children(&scope));
    return 0;
}

int main(void)
{
    filch_runtime *rt;
    setenv("FILCH_DEADLOCK", "report", 0);
    filch_on_deadlock(hear, NULL);
    if (filch_runtime_create(&rt, NULL) || filch_channel_create(&answers, sizeof(int), 0) ||
        serve(rt, "requests that ignore their context", NULL))
        return fprintf(stderr, "mistake_fiber_leak: %s\n", filch_error()), 1;
    filch_channel_destroy(answers);
    if (filch_channel_create(&answers, sizeof(int), 0) ||
        serve(rt, "requests that check their context", answers))
        return fprintf(stderr, "mistake_fiber_leak: %s\n", filch_error()), 1;
    filch_channel_destroy(answers);
    return filch_runtime_destroy(rt);
}
