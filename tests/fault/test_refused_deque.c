/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deque and a pool's deadlines to which memory is refused: neither counts as made. */
#include <runtime/engine/worker.h>
#include <runtime/pool/pool.h>
#include <sched/deque.h>
#include <tests/support/held.h>
#include <tests/support/pools.h>

static void keep(fl_deque *grown, fl_buffer *old)
{
    (void)grown, (void)old;
}

Test(refused_deque, without_its_first_buffer_it_is_not_made)
{
    static fl_deque deque;
    refuse(MEMORY, 0, false);
    cr_assert_eq(fl_deque_init(&deque, 2, keep), -ENOMEM);
    cr_assert_eq(refuse_no_more(MEMORY), 1);
    cr_assert_eq(fl_deque_init(&deque, 2, keep), 0);
    fl_deque_clear(&deque);
}

/* Readers of the old buffer are waited for where no memory is left to free it later. */
Test(refused_deque, one_that_grows_keeps_no_old_buffer, .init = warm_up)
{
    static int item;
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .max_workers = 2};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    WAIT_WHILE(fl_idle_sleepers(fl_idle_look(&rt->idle)) < 1);
    fl_deque *deque = &rt->worker[1]->ready; /* of no thread */
    int64_t before = blocks;
    for (unsigned i = 0; i < FL_READY_FIRST; i++)
        cr_assert_eq(fl_deque_push(deque, &item), 0);
    refuse(MEMORY, 1, false);
    cr_assert_eq(fl_deque_push(deque, &item), 0);
    cr_assert_eq(refuse_no_more(MEMORY), 1);
    cr_assert_eq(blocks, before);
    while (fl_deque_pop(deque))
        ;
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

static size_t deadlines_of(filch_pool *pool)
{
    fl_lock(&pool->room.lock);
    size_t count = fl_timer_row_count(&pool->dues);
    fl_unlock(&pool->room.lock);
    return count;
}

Test(refused_deque, a_job_whose_deadline_has_no_place_is_refused, .init = warm_up_timer_thread)
{
    gate at;
    size_t accepted = 0;
    const filch_job_options options = {.timeout = 3600 * FILCH_SECOND};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    block(pool, &at);
    for (int64_t i = 0, count = 1; count; i++) {
        refuse(MEMORY, i, false);
        int rc = filch_pool_submit(NULL, pool, succeeds, NULL, &options, FILCH_FOREVER);
        count = refuse_no_more(MEMORY);
        accepted += !rc;
        cr_assert(rc ? rc == -ENOMEM : accepted == deadlines_of(pool), "%d", rc);
    }
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_destroy(pool), 0);
}
