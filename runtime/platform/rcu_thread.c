/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * liburcu ends the process if it gets no thread or no memory for its callbacks. So Filch first asks
 * the system for the same and a little more, and returns it for liburcu to use. Another process may
 * take it in between, but a limit that was already reached is detected. */
#include <runtime/platform/rcu_thread.h>

#include <filch/atomic.h>
#include <runtime/platform/error.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <urcu-bp.h>

enum { RESERVE = 1 << 20, LOOKS = 10000 };

static filch_u32 prepared; /* a look: preparing twice is harmless */

static void *tell_its_id(void *id)
{
    *(pid_t *)id = gettid();
    return NULL;
}

/* A joined thread still counts for a moment, until the kernel has removed it. */
static int try_thread(void)
{
    pthread_t thread;
    pid_t id = 0;
    int rc = pthread_create(&thread, NULL, tell_its_id, &id);
    if (rc)
        return fl_fail(rc, "no thread for liburcu's callbacks; raise the limit of threads, or of "
                           "address space");
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < LOOKS && tgkill(getpid(), id, 0) == 0; i++)
        sched_yield();
    return 0;
}

int fl_callbacks_prepare(void)
{
    if (filch_u32_load(&prepared, FILCH_RELAXED)) /* liburcu orders what it made */
        return 0;
    void *reserve = mmap(NULL, RESERVE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserve == MAP_FAILED)
        return fl_fail(ENOMEM, "no address space for liburcu's callbacks; free some");
    int rc = try_thread();
    munmap(reserve, RESERVE);
    if (rc)
        return rc;
    /* Its thread inherits the affinity of its creator: that must not be a pinned worker's. */
    urcu_bp_get_default_call_rcu_data();
    filch_u32_store(&prepared, 1, FILCH_RELAXED); /* a look's */
    return 0;
}
