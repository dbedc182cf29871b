/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

filch_runtime *scope_runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .max_fibers = 1000000};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

void scope_everywhere(body_fn *body)
{
    for (unsigned i = 0; i < CONFIGS; i += BUILD_TSAN ? 3 : 1) {
        filch_runtime *rt = config_runtime(i, 1000000);
        FILCH_RUN(rt, call_body, body, rt);
        body(rt);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Children ---- */

int scope_returns(filch_self self, filch_scope *scope, void *arg)
{
    return (int)(intptr_t)arg;
}

int scope_says(filch_self self, filch_scope *scope, void *arg)
{
    return filch_scope_fail(scope, -ENOENT, "no page %s", (const char *)arg);
}

int scope_until_cancelled(filch_self self, filch_scope *scope, void *arg)
{
    signpost_raise(arg);
    return filch_context_wait(filch_scope_context(scope), FILCH_FOREVER);
}
