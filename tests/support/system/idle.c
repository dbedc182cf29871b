/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sys/resource.h>
#include <tests/support/system.h>
#include <time.h>

static double idle_seconds(const struct timeval *of)
{
    return (double)of->tv_sec + 1e-6 * (double)of->tv_usec;
}

/* CPU time of this process, all threads. */
static double idle_used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return idle_seconds(&usage.ru_utime) + idle_seconds(&usage.ru_stime);
}

bool idle_process(void)
{
    enum { WINDOWS = 5 };
    const struct timespec window = {0, 250000000};
    for (int i = 0; i < WINDOWS; i++) {
        double before = idle_used();
        nanosleep(&window, NULL);
        if (idle_used() - before < 0.2 * 1e-9 * (double)window.tv_nsec)
            return true;
    }
    return false;
}
