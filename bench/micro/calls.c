/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls with something around them, within a task: a cleanup of FILCH_DEFER, filch_try, a panic that it catches, and
 * filch_blocking, which makes the call on another thread; floor: a call of the same function. */
#include "micro.h"

#include <errno.h>
#include <filch/blocking.h>
#include <filch/panic.h>

enum { DEFER, TRY, PANIC, BLOCKING };

__attribute__((noinline)) static void nothing(void *arg)
{
    __asm__ volatile("" : "+r"(arg));
}

static void tried(filch_self self, void *arg)
{
    nothing(arg);
}

static void panics(filch_self self, void *arg)
{
    FILCH_PANIC(-EIO, "no more");
}

FILCH_TASK(int, make_calls, (shim_state *, state))
{
    filch_failure failure;
    int rc = 0;
    while (shim_keep_running(state))
        switch (shim_range(state)) {
        case DEFER: {
            FILCH_DEFER(nothing, state);
        } break;
        case TRY:
            rc |= filch_try(self, tried, state, &failure);
            break;
        case PANIC:
            rc |= filch_try(self, panics, state, &failure) != -EIO;
            break;
        default:
            rc |= filch_blocking(nothing, state);
        }
    return rc;
}

static void calls(shim_state *state)
{
    static const char *const labels[] = {"defer", "try", "panic, caught", "blocking"};
    filch_runtime *rt = micro_workers(state, 1);
    shim_label(state, labels[shim_range(state)]);
    if (rt && FILCH_RUN(rt, make_calls, state))
        shim_fail(state, "a call failed");
    filch_runtime_destroy(rt);
}

static void plain(shim_state *state)
{
    while (shim_keep_running(state))
        nothing(state);
}

void register_calls(void)
{
    shim_benchmark *benchmark = shim_register("calls/filch", calls);
    for (int kind = DEFER; kind <= BLOCKING; kind++)
        shim_argument(benchmark, kind);
    shim_use_real_time(benchmark);
    shim_use_real_time(shim_register("calls/floor", plain));
}
