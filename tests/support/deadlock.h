/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the detector's tests. A detector looks at the whole process, so each test is a process
 * of its own (child.h): nothing made here is ever given back. */
#ifndef SUPPORT_DEADLOCK_H
#define SUPPORT_DEADLOCK_H

#include <tests/support/channels.h>
#include <tests/support/child.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { LONG = 140 }; /* ms: longer than the detector looks */

static unsigned workers = 2;
static const char *queue = "chase-lev";

static inline filch_runtime *runtime(void)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .queue = queue, .max_fibers = 1000};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    return rt;
}

static inline filch_channel *channel(void)
{
    return channel_of(sizeof(int), 0);
}

static inline void receives(filch_self self, void *from)
{
    int item;
    filch_receive(from, &item);
}

static inline void *thread_receives(void *from)
{
    receives(NULL, from);
    return NULL;
}

static inline void not_reported(const char *report, void *unused)
{
    dprintf(STDERR_FILENO, "%s", report);
    _exit(98);
}

static void (*undisturbed)(void);

static inline void live_on(void)
{
    setenv("FILCH_DEADLOCK", "die", 1);
    filch_on_deadlock(not_reported, NULL);
    alarm(60);
    undisturbed();
}

/* work() returns, and nothing is reported meanwhile. index: its row, for the reader of a
 * failure. */
static inline void expect_no_report(void (*work)(void), unsigned index)
{
    struct child child;
    undisturbed = work;
    child_run(&child, live_on);
    cr_assert(child_passed(&child), "%u, %u workers: 0x%x: %s", index, workers, child.status,
              child.text);
}

#endif
