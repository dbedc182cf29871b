/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Regions that begin in a signal handler. The signal comes by raise(), so that the handler may call
 * anything. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* filch_run is not meant for signals that interrupt anything; here they interrupt raise(). */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_signal_unsafe=0";
}

static filch_runtime *rt;
static int outcome;
static long result;

FILCH_TASK(long, fib_of_15)
{
    return fib(self, 15);
}

static void run_region(int signal)
{
    filch_slot slot = {.args = {0}};
    outcome = filch_run(rt, &fib_of_15_task, &slot);
    memcpy(&result, slot.args, sizeof result);
}

static void expect_handler(int flags)
{
    struct sigaction action = {.sa_handler = run_region, .sa_flags = flags};
    outcome = 1;
    result = 0;
    cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

Test(guest_signal, a_handler_may_run_a_region)
{
    rt = guest_asleep(2);
    expect_handler(0);
    cr_assert_eq(raise(SIGUSR1), 0);
    cr_assert_eq(outcome, 0);
    cr_assert_eq(result, 610);
    expect_rest(rt);
}

/* Of that stack nothing is known, so the region is handed over. */
Test(guest_signal, another_stack_hands_it_over)
{
    const size_t size = 1 << 16;
    stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
    cr_assert_eq(sigaltstack(&stack, NULL), 0);
    rt = guest_asleep(2);
    expect_handler(SA_ONSTACK);
    cr_assert_eq(raise(SIGUSR1), 0);
    cr_assert_eq(outcome, 0);
    cr_assert_eq(result, 610);
    expect_rest(rt);
    stack.ss_flags = SS_DISABLE;
    cr_assert_eq(sigaltstack(&stack, NULL), 0);
    free(stack.ss_sp);
}

FILCH_TASK(int, is_interrupted)
{
    return raise(SIGUSR1);
}

Test(guest_signal, a_nested_handler_is_refused)
{
    rt = guest_asleep(2);
    expect_handler(0);
    cr_assert_eq(FILCH_RUN(rt, is_interrupted), 0);
    cr_assert_eq(outcome, -EDEADLK);
    expect_rest(rt);
}
