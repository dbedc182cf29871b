/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A clock for a server that a test starts, preloaded into it (LD_PRELOAD). The wall clock stands at
 * a fixed time plus the ns in the first 8 bytes of the file FILCH_TEST_CLOCK, which the test writes.
 * Leases and delays of the server then pass when the test says so, without sleeping. With
 * FILCH_TEST_CLOCK_RUNS these ns are added to the real time, so that the clock jumps. */
#include <fcntl.h>
#include <filch/atomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const filch_u64 *passed;
static bool runs;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FILCH_TEST_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *passed, PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        passed = map;
    runs = getenv("FILCH_TEST_CLOCK_RUNS") != NULL;
    if (fd >= 0)
        close(fd);
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    const uint64_t second = 1000000000, begins = 1700000000 * second;
    bool is_wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    int rc = (int)syscall(SYS_clock_gettime, id, out);
    if (rc || !is_wall || !passed)
        return rc;
    uint64_t real = (uint64_t)out->tv_sec * second + (uint64_t)out->tv_nsec;
    uint64_t now = (runs ? real : begins) + filch_u64_load(passed, FILCH_ACQUIRE);
    *out = (struct timespec){(time_t)(now / second), (long)(now % second)};
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return rc;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
