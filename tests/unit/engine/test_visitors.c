/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps sched_yield
 *
 * A thread that destroys a runtime leaves the processor to a visitor that has yet to leave the runtime. */
#include <runtime/engine/runtime.h>
#include <sched.h>
#include <tests/support/test.h>

static __thread filch_runtime *visited; /* by the thread that yields; NULL: none */

int __real_sched_yield(void);
int __wrap_sched_yield(void);
/* As if the visitor ran meanwhile, and left. */
int __wrap_sched_yield(void)
{
    if (!visited)
        return __real_sched_yield();
    filch_u32_add(&visited->inbox.visitors, (uint32_t)-1, FILCH_RELEASE);
    visited = NULL;
    return 0;
}

Test(visitors, destroyer_yields_to_remaining_visitor)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), 0, "%s", filch_error());
    filch_u32_add(&rt->inbox.visitors, 1, FILCH_RELAXED);
    visited = rt;
    OK(filch_runtime_destroy(rt));
    cr_assert_null(visited, "it went on beside the visitor");
}
