/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A gather to which memory, or the timer thread's thread, is refused: nobody is asked, and nothing
 * is held. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/gather.h>
#include <tests/support/refuse.h>
#include <tests/support/rest.h>

static filch_u32 asked, released;

static int ask(filch_self self, filch_context *context, void *arg, void **answer)
{
    (void)self, (void)context;
    filch_u32_add(&asked, 1, FILCH_ACQ_REL);
    *answer = arg;
    return 0;
}

static void release(void *arg)
{
    (void)arg;
    filch_u32_add(&released, 1, FILCH_ACQ_REL);
}

static const filch_ask asks[] = {{.fn = ask}, {.fn = ask}, {.fn = ask}};
static const filch_gather_config config = {.asks = asks,
                                           .count = 3,
                                           .release = release,
                                           .linger = true};

/* Before anything has started the timer thread. */
Test(refused_gather, without_a_thread_that_minds_the_time_nobody_is_asked)
{
    filch_runtime *rt;
    filch_answer answers[3];
    rt = runtime_at_rest(2);
    int64_t held = blocks;
    refuse(THREADS, 0, true);
    cr_assert_eq(filch_gather(rt, &config, answers, filch_in(FILCH_SECOND)), -EAGAIN);
    cr_assert_neq(refuse_no_more(THREADS), 0);
    cr_assert_eq(blocks, held);
    cr_assert_eq(filch_u32_load(&asked, FILCH_ACQUIRE), 0);
    cr_assert_eq(filch_u32_load(&released, FILCH_ACQUIRE), 0);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_gather, without_memory_nobody_is_asked)
{
    filch_runtime *rt;
    filch_answer answers[3];
    rt = runtime_at_rest(2);
    int64_t held = blocks;
    int rc = -ENOMEM;
    unsigned at = 0;
    for (; rc; at++) {
        cr_assert_eq(filch_u32_load(&asked, FILCH_ACQUIRE), 0);
        refuse(MEMORY, at, false);
        rc = filch_gather(rt, &config, answers, FILCH_FOREVER);
        refuse_no_more(MEMORY);
        cr_assert(rc == 0 || rc == -ENOMEM, "%d", rc);
    }
    cr_assert_geq(at, 3, "itself, its context, and then all were asked");
    cr_assert_eq(filch_u32_load(&asked, FILCH_ACQUIRE), 3);
    cr_assert_eq(filch_u32_load(&released, FILCH_ACQUIRE), 3);
    cr_assert_leq(blocks, held + 1, "but perhaps for what a worker keeps");
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
