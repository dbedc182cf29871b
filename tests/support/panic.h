/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the tests of panics: the runtimes, and a log of the functions that ran. */
#ifndef SUPPORT_PANIC_H
#define SUPPORT_PANIC_H

#include <filch/panic.h>
#include <tests/support/test.h>

/* 1, 2, 8 and 64 workers of each queue. */
enum { PANIC_RUNTIMES = 8 };

static inline filch_runtime *panic_runtime(unsigned i)
{
    static const unsigned workers[] = {1, 2, 8, 64};
    static const char *const queues[] = {"chase-lev", "central-mutex"};
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers[i / 2], .queue = queues[i % 2], .max_fibers = 10000};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static inline void panic_runtimes(void (*claim)(filch_runtime *))
{
    for (unsigned i = 0; i < PANIC_RUNTIMES; i++) {
        filch_runtime *rt = panic_runtime(i);
        claim(rt);
        OK(filch_runtime_destroy(rt));
    }
}

/* Letters in the order in which they were written; one task at a time writes. */
static char diary[64];

static inline void write_letter(void *letter)
{
    size_t length = strlen(diary);
    if (length + 1 < sizeof diary) {
        diary[length] = *(const char *)letter;
        diary[length + 1] = '\0';
    }
}

static inline void start_diary(void)
{
    diary[0] = '\0';
}

#endif
