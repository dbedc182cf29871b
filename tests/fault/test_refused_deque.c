/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A deque to which memory is refused is not made, or keeps no old buffer. Forks that find no place in a deque
 * are not lost: the process ends. */
#include <runtime/engine/worker.h>
#include <sched/deque.h>
#include <tests/support/child.h>
#include <tests/support/fib.h>
#include <tests/support/held.h>
#include <tests/support/rest.h>

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

/* More forked tasks than its ready deque has room for. */
FILCH_TASK(int, fork_and_suspend, (filch_channel *, channel))
{
    enum { FORKS = FL_READY_FIRST + 2 };
    int item = 0;
    for (unsigned i = 0; i < FORKS; i++)
        FILCH_FORK(fib, 1);
    refuse(MEMORY, 0, false);
    filch_receive(channel, &item);
    refuse_no_more(MEMORY);
    for (unsigned i = 0; i < FORKS; i++) {
        FILCH_JOIN(int one, fib);
        item += one;
    }
    return item;
}

static void suspend_without_memory(void)
{
    filch_runtime *rt = runtime_at_rest(1);
    filch_channel *channel;
    CHILD_CHECK(filch_channel_create(&channel, sizeof(int), 0) == 0);
    alarm(10);
    (void)FILCH_RUN(rt, fork_and_suspend, channel);
}

Test(refused_deque, a_task_that_suspends_while_its_forks_find_no_place_ends_the_process)
{
    struct child child;
    child_run(&child, suspend_without_memory);
    cr_assert(child_died(&child, "no memory to keep the unjoined forks"), "%s", child.text);
}
