/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>
#include <tests/support/system.h>
#include <time.h>

static filch_u64 stopped_at; /* ns; 0: it goes on */

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    uint64_t at = filch_u64_load(&stopped_at, FILCH_ACQUIRE);
    if (!at || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE))
        return __real_clock_gettime(clock, out);
    *out = (struct timespec){(time_t)(at / 1000000000), (long)(at % 1000000000)};
    return 0;
}

void stop_clock_at(int64_t when)
{
    filch_u64_store(&stopped_at, (uint64_t)when, FILCH_RELEASE);
}

int64_t stop_clock(void)
{
    int64_t now = filch_now();
    stop_clock_at(now);
    return now + 1;
}

void start_clock(void)
{
    stop_clock_at(0);
}
