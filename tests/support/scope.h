/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where tests of scopes are run, and children that they have in common. */
#ifndef SUPPORT_SCOPE_H
#define SUPPORT_SCOPE_H

#include <tests/support/configs.h>
#include <tests/support/signpost.h>
#include <tests/support/stress.h>
#include <tests/support/test.h>

static inline filch_runtime *runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .max_fibers = 1000000};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

/* Runs a test's body as a task, on runtimes of all sizes, both queues, and as a foreign thread
 * beside each. Under thread sanitizer, where a thread costs milliseconds, on three of them. */
typedef void body_fn(filch_runtime *rt);

FILCH_VOID_TASK(call_body, (body_fn *, body), (filch_runtime *, rt))
{
    body(rt);
}

static inline void everywhere(body_fn *body)
{
    for (unsigned i = 0; i < CONFIGS; i += BUILD_TSAN ? 3 : 1) {
        filch_runtime *rt = config_runtime(i, 1000000);
        FILCH_RUN(rt, call_body, body, rt);
        body(rt);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Children ---- */

static inline int returns(filch_self self, filch_scope *scope, void *arg)
{
    return (int)(intptr_t)arg;
}

static inline int says(filch_self self, filch_scope *scope, void *arg)
{
    return filch_scope_fail(scope, -ENOENT, "no page %s", (const char *)arg);
}

static inline int until_cancelled(filch_self self, filch_scope *scope, void *arg)
{
    signpost_raise(arg);
    return filch_context_wait(filch_scope_context(scope), FILCH_FOREVER);
}

#endif
