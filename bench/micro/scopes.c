/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Contexts and scopes. A child context is made, cancelled and released (floor: the memory alone). A
 * task on the only worker opens and closes a scope with so many children that do nothing (floor: as
 * many detached tasks and a yield, which nobody waits for). */
#include "micro.h"

#include <stdlib.h>

static void context(shim_state *state)
{
    filch_context *parent, *child;
    if (filch_context_create(&parent, NULL)) {
        shim_fail(state, filch_error());
        return;
    }
    while (shim_keep_running(state)) {
        if (filch_context_create(&child, parent)) {
            shim_fail(state, filch_error());
            break;
        }
        filch_context_cancel(child, 0);
        filch_context_release(child);
    }
    filch_context_release(parent);
}

static void memory(shim_state *state)
{
    enum { BYTES = 200 };
    while (shim_keep_running(state)) {
        void *block = malloc(BYTES);
        __asm__ volatile("" : "+r"(block));
        free(block);
    }
}

static int child(filch_self self, filch_scope *scope, void *arg)
{
    return 0;
}

FILCH_TASK(int, open_scopes, (shim_state *, state))
{
    int rc = 0;
    while (!rc && shim_keep_running(state)) {
        filch_scope scope;
        rc = filch_scope_begin(&scope, NULL, NULL);
        if (rc)
            return rc;
        for (int64_t i = shim_range(state); i && !rc; i--)
            rc = FILCH_SPAWN(&scope, child, NULL);
        int failed = filch_scope_end(&scope);
        rc = rc ? rc : failed;
    }
    return rc;
}

static void detached(filch_self self, void *arg)
{
}

FILCH_TASK(int, go_detached, (shim_state *, state))
{
    int rc = 0;
    while (!rc && shim_keep_running(state)) {
        for (int64_t i = shim_range(state); i && !rc; i--)
            rc = filch_go(NULL, detached, NULL);
        filch_yield(self);
    }
    return rc;
}

static void scopes(shim_state *state)
{
    filch_runtime *rt = micro_workers(state, 1);
    if (rt && FILCH_RUN(rt, open_scopes, state))
        shim_fail(state, "a scope was refused");
    filch_runtime_destroy(rt);
}

static void tasks(shim_state *state)
{
    filch_runtime *rt = micro_workers(state, 1);
    if (rt && FILCH_RUN(rt, go_detached, state))
        shim_fail(state, "a task was refused");
    filch_runtime_destroy(rt);
}

void register_scopes(void)
{
    shim_register("child context/filch", context);
    shim_register("child context/floor/memory", memory);
    shim_benchmark *scope = shim_register("scope/filch/children", scopes);
    shim_benchmark *floor = shim_register("scope/floor/detached", tasks);
    shim_argument(scope, 0);
    for (int count = 1; count <= 1000; count *= 10) {
        shim_argument(scope, count);
        shim_argument(floor, count);
    }
    shim_use_real_time(scope);
    shim_use_real_time(floor);
}
