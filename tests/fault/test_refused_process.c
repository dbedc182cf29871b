/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Child processes and channels of signals without memory or the timer thread: each request is
 * refused in turn, the call says so, nothing is held, and the next call works. */
#include <signal.h>
#include <tests/support/refuse.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static int one_child(void)
{
    filch_process *process = NULL;
    int rc = spawn_script(&process, "exit 0", FILCH_PROCESS_PIPE, FILCH_PROCESS_PIPE);
    if (rc)
        return process ? 1 : rc;
    rc = outcome_of(process);
    filch_process_destroy(process);
    return rc;
}

static int one_channel(void)
{
    filch_channel *signals = NULL;
    int rc = filch_signal_channel_start(&signals, (const int[]){SIGHUP, SIGTERM}, 2);
    if (rc)
        return signals ? 1 : rc;
    filch_signal_channel_stop(signals);
    filch_channel_destroy(signals);
    return 0;
}

/* Returns how many requests there were. The timer thread frees what belongs to a child a moment after
 * the child has been destroyed. */
static unsigned sweep(int call(void))
{
    unsigned requests = 0, files = process_files();
    int64_t held = blocks_now();
    REFUSE_EACH(MEMORY, call())
    {
        cr_assert_eq(count, rc != 0);
        requests += (unsigned)count;
        WAIT_WHILE(blocks_now() > held);
        held = blocks_now();
        cr_assert_eq(process_files(), files, "request %ld", (long)at);
        cr_assert_eq(call(), 0, "%s", filch_error());
    }
    return requests;
}

Test(refused_process, each_refused_block_is_reported)
{
    start_spawner();
    cr_assert_eq(one_child(), 0);
    cr_assert_eq(one_channel(), 0); /* lasting blocks and files are there now */
    cr_assert_geq(sweep(one_child), 4);
    cr_assert_geq(sweep(one_channel), 1);
}

Test(refused_process, without_the_timer_thread_no_child)
{
    filch_process *process = NULL;
    start_spawner();
    refuse(THREADS, 0, true);
    int rc = spawn_script(&process, "exec sleep 1000", 0, 0);
    cr_assert_geq(refuse_no_more(THREADS), 1);
    cr_assert_eq(rc, -EAGAIN);
    cr_assert_null(process);
    cr_assert_eq(one_child(), 0);
}
