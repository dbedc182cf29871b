/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runtimes of each idle, take and wait mode. */
#ifndef SUPPORT_MODES_H
#define SUPPORT_MODES_H

#include <tests/support/fib.h>
#include <tests/support/test.h>

static FILCH_UNUSED const unsigned mode_workers[] = {1, 2, 8, 64};
enum { MODE_SIZES = 4 };

/* Whose joins wait as its mode says: those of guests always help. */
static inline filch_runtime *mode_runtime(filch_config config)
{
    filch_runtime *rt;
    config.size = sizeof config;
    config.guest = "0";
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static inline filch_stats mode_stats(const filch_runtime *rt)
{
    filch_stats stats;
    filch_runtime_stats_read(rt, &stats, sizeof stats);
    return stats;
}

/* Its description has that line's beginning. Destroys it. */
static inline void mode_is_described(filch_runtime *rt, const char *line)
{
    char text[4096];
    cr_assert(filch_runtime_describe(rt, text, sizeof text) < sizeof text);
    cr_assert_not_null(strstr(text, line), "%s", text);
    filch_runtime_destroy(rt);
}

#endif
