/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Blocking calls after a panic: the task has as many open ones as where the panic was caught. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static void panics_in_a_call(filch_self self, void *unused)
{
    if (!filch_blocking_begin())
        FILCH_PANIC(-EIO, "in a blocking call");
}

/* A frame of filch_try would find these bytes where it wrote nothing. */
static __attribute__((noinline)) int soil_the_stack(void)
{
    volatile char bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = 1;
    return bytes[sizeof bytes / 2];
}

/* Returns 0, or the number of what is wrong. */
FILCH_TASK(int, calls_after_a_panic)
{
    if (!soil_the_stack())
        return 1;
    if (filch_try(self, panics_in_a_call, NULL, NULL) != -EIO)
        return 2;
    if (filch_blocking_begin() || filch_worker_index() >= 0)
        return 3;
    filch_blocking_end();
    return filch_worker_index() >= 0 ? 0 : 4;
}

static void call_ends_on_a_worker(filch_runtime *rt)
{
    cr_assert_eq(FILCH_RUN(rt, calls_after_a_panic), 0);
}

Test(blocking_panic, next_call_ends_on_worker)
{
    panic_runtimes(call_ends_on_a_worker);
}
