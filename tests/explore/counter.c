/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A data race: tasks add to a plain counter. An update may be lost. */
#include <err.h>
#include <filch/filch.h>

enum { TASKS = 2 };
static int served;

static void serve(filch_self self, void *arg)
{
    (void)self, (void)arg;
    served++;
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    for (int i = 0; i < TASKS; i++)
        filch_go(rt, serve, NULL);
    int rc = filch_runtime_destroy(rt);
    if (served != TASKS)
        errx(1, "%d served of %d", served, TASKS);
    return rc;
}
