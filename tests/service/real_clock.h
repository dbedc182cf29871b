/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The clock of a service under test beside a server whose clock cannot be moved: it begins at the real time
 * and stands between calls, while the server's goes on. */
#ifndef SERVICE_REAL_CLOCK_H
#define SERVICE_REAL_CLOCK_H

#include <tests/service/service.h>
#include <time.h>

static inline int64_t real_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

/* To the real time, or to a later one. */
static inline void set_clock(int64_t at_least)
{
    int64_t now = real_time();
    filch_u64_store(&test_time, (uint64_t)(now > at_least ? now : at_least), FILCH_RELEASE);
}

/* ns pass for the service, and so many more at the server. */
static inline void pass_real(int64_t ns, int64_t more)
{
    struct timespec span = {(ns + more) / FILCH_SECOND, (ns + more) % FILCH_SECOND};
    while (nanosleep(&span, &span))
        ;
    set_clock(test_clock(NULL) + ns);
}

/* The server's leases are longer by an eighth. */
static inline void pass_leases(int64_t ns)
{
    pass_real(ns, ns / 8 + 100 * FILCH_MILLISECOND);
}

#endif
