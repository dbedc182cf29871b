/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Misuse of forks and joins, each in a process of its own, which dies by two texts. */
#ifndef SUPPORT_MISUSE_H
#define SUPPORT_MISUSE_H

#include <tests/support/child.h>
#include <tests/support/test.h>

FILCH_TASK(int, leaf)
{
    return 1;
}

static inline filch_runtime *runtime(unsigned workers, const char *queue)
{
    filch_runtime *rt = NULL;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = workers, .queue = queue}) ==
                0);
    return rt;
}

static inline void expect_death(void (*work)(void), const char *first, const char *second)
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_died(&child, first), "status 0x%x, said: %s", child.status, child.text);
    cr_assert(child_died(&child, second), "said: %s", child.text);
}

#endif
