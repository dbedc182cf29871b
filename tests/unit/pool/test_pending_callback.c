/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pending callbacks: their cells, and the hold that they have of their job. */
#include <runtime/pool/callbacks.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

Test(pending_callback, standalone_callback_cell_is_reused)
{
    fl_pending_callback *first = fl_pending_callback_take();
    cr_assert_not_null(first);
    memset(first, 0, sizeof *first);
    fl_pending_callback_give(first);
    fl_pending_callback *again = fl_pending_callback_take();
    cr_assert_eq(again, first);
    cr_assert(again->taken);
    fl_pending_callback_give(again);
}

Test(pending_callback, delayed_job_is_dropped_after_end)
{
    static const filch_retry_policy soon = {.attempts = 2, .base = 1, .cap = 1};
    stubborn one = {.failures = 1, .code = -EAGAIN};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .retry = &soon});
    stubborn_run(pool, &one);
    cr_assert_eq(fate_outcome(&one.end), FILCH_SUCCEEDED);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(signpost_count(&one.end.dropped), 1);
}
