/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * A panic for which there is no memory: it arrives nevertheless. */
#include <filch/panic.h>
#include <tests/support/engine.h>
#include <tests/support/refuse.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TIMES = 100 };

static signpost begun;
static bool refuses;

FILCH_VOID_TASK(fails)
{
    if (refuses)
        refuse(MEMORY, 0, true);
    signpost_raise(&begun);
    FILCH_PANIC(-EXDEV, "a message");
}

static void join_it(filch_self self, void *unused)
{
    FILCH_FORK(fails);
    while (!signpost_count(&begun))
        filch_yield(self); /* its thief is not the joiner */
    FILCH_JOIN_VOID(fails);
}

FILCH_TASK(int, try_it, (filch_failure *, failure))
{
    int code = filch_try(self, join_it, NULL, failure);
    refuse_no_more(MEMORY);
    return code;
}

static void expect_message(filch_runtime *rt, bool refused, const char *message)
{
    filch_failure failure;
    filch_u32_store(&begun, 0, FILCH_RELEASE);
    refuses = refused;
    cr_assert_eq(FILCH_RUN(rt, try_it, &failure), -EXDEV);
    cr_assert_str_eq(failure.message, message);
    cr_assert_str_eq(failure.task, "fails");
}

Test(refused_panic, stolen_panic_loses_only_its_message)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt;
        rt = runtime_at_rest(workers);
        int64_t before = 0;
        for (int i = 0; i < 2 * TIMES; i++) {
            expect_message(rt, false, "a message");
            expect_message(rt, true, "(no memory for its error message)");
            if (i == TIMES)
                before = blocks;
        }
        cr_assert_lt(blocks, before + TIMES, "failures leave nothing behind; fibers may");
        OK(filch_runtime_destroy(rt));
    }
}
