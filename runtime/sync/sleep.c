/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for a time alone. */
#include <runtime/sync/sleep.h>

#include <filch/timer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/sync/wait.h>

#include <errno.h>

static int refuse(int64_t ns)
{
    return fl_fail(EINVAL, "a sleep of %lld ns; give 0 or more", (long long)ns);
}

int fl_sleep_until(const char *call, int64_t until)
{
    if (until <= fl_now()) {
        fl_step_aside(call);
        return 0;
    }
    fl_waiter waiter;
    fl_waiter_here(&waiter);
    fl_waits_in(call, NULL);
    int rc = fl_waiter_wait_cancellable(&waiter, until);
    return rc == -ETIMEDOUT ? 0 : rc;
}

int filch_sleep_until(int64_t until)
{
    if (until < 0)
        return refuse(until);
    if (until > fl_now())
        return fl_sleep_until("filch_sleep_until", until);
    fl_too_late();
    return 0;
}

int filch_sleep(int64_t ns)
{
    return ns < 0 ? refuse(ns)
           : ns   ? fl_sleep_until("filch_sleep", filch_in(ns))
                  : filch_sleep_until(0);
}

int filch_after(filch_context **out, int64_t ns)
{
    FL_GIVEN(out);
    return ns < 0 ? refuse(ns) : filch_context_create_until(out, NULL, filch_in(ns));
}
