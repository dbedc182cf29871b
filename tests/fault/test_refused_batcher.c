/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Batchers to which memory, or the timer thread's thread, is refused: an error says so, nothing is
 * held, and a batcher that there is needs none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <tests/support/batches.h>
#include <tests/support/fib.h>
#include <tests/support/refuse.h>
#include <tests/support/rest.h>

static drain to;

/* Before anything has started the timer thread. */
Test(refused_batcher, a_batcher_without_a_thread_that_minds_its_times_is_refused)
{
    filch_runtime *rt;
    filch_batcher *batcher = NULL;
    filch_batcher_config config = drain_config(&to, 3, 1);
    rt = runtime_at_rest(2);
    ASSERT_REFUSED(THREADS, filch_batcher_create(&batcher, rt, &config), -EAGAIN, batcher);
    batcher = batcher_of(rt, &config);
    drain_ends(&to, batcher);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_batcher, a_batcher_without_memory_is_refused)
{
    filch_runtime *rt;
    filch_batcher *batcher = NULL;
    filch_batcher_config config = drain_config(&to, 3, 1);
    rt = runtime_at_rest(2);
    ASSERT_REFUSED(MEMORY, filch_batcher_create(&batcher, rt, &config), -ENOMEM, batcher);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_batcher, adding_and_flushing_need_no_memory)
{
    enum { ITEMS = 100 };
    static batch_item items[ITEMS];
    filch_runtime *rt;
    filch_batcher_config config = drain_config(&to, 7, 2);
    rt = runtime_at_rest(2);
    filch_batcher *batcher = batcher_of(rt, &config);
    refuse(MEMORY, 0, true);
    for (unsigned i = 0; i < ITEMS; i++)
        cr_assert_eq(filch_batcher_add_then(batcher, &items[i], note_outcome, NULL, FILCH_FOREVER),
                     0);
    cr_assert_eq(filch_batcher_close(batcher, FILCH_FOREVER), 0);
    refuse_no_more(MEMORY);
    for (unsigned i = 0; i < ITEMS; i++)
        cr_assert_eq(signpost_count(&items[i].told), 1);
    drain_ends(&to, batcher);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
