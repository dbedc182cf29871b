/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/settings.h>

#include <runtime/platform/error.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/stuck.h>
#include <runtime/resilience/retry.h>

#include <errno.h>

/* A setting that depends on another one has no effect without it. */
static int check_effects(const filch_pool_config *config)
{
    const struct {
        bool set, heeded;
        const char *name, *needs;
    } settings[] = {
        {config->aging, config->order == FILCH_PRIORITY, "aging", "the order FILCH_PRIORITY"},
        {config->full, !fl_direct_wanted(config), "full", "an order, a width or a capacity"},
        {config->grow_depth, config->width_max, "grow_depth", "width_max"},
        {config->grow_after, config->width_max, "grow_after", "width_max"},
        {config->shrink_after, config->width_max, "shrink_after", "width_max"},
        {config->interval, config->width_max, "interval", "width_max"},
        {config->cpu_max, config->width_max, "cpu_max", "width_max"},
        {config->breaker_full, config->breaker, "breaker_full", "breaker"},
        {config->spares, config->stuck_after, "spares", "stuck_after"},
        {config->stuck, config->stuck_after, "stuck", "stuck_after"},
        {config->stuck_arg, config->stuck, "stuck_arg", "stuck"},
    };
    for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].set && !settings[i].heeded)
            return fl_fail(EINVAL,
                           "pool %s: %s has no effect without %s; set that, or leave it out",
                           config->name ? config->name : "pool", settings[i].name,
                           settings[i].needs);
    return 0;
}

int fl_settings_check(const filch_pool_config *config)
{
    if (config->runtime && (config->workers || config->max_workers))
        return fl_fail(EINVAL, "a pool with a runtime and %u workers of its own; choose one",
                       config->workers ? config->workers : config->max_workers);
    if (config->runtime && config->bind)
        return fl_fail(EINVAL,
                       "a pool cannot bind the workers of an existing runtime (%s); leave "
                       "out one of the two",
                       config->bind);
    if (config->width > FILCH_WIDTH_MAX)
        return fl_fail(EINVAL, "pool width %u is out of range (at most %d)", config->width,
                       FILCH_WIDTH_MAX);
    if ((unsigned)config->order >= FILCH_ORDERS || (unsigned)config->full >= FILCH_FULL_CHOICES)
        return fl_fail(EINVAL,
                       "a pool of order %d that does %d when it is full; see filch_pool_order and "
                       "filch_when_full",
                       (int)config->order, (int)config->full);
    if ((unsigned)config->breaker_full >= FILCH_BREAKER_FULL_CHOICES)
        return fl_fail(EINVAL, "pool breaker_full %d is unknown; see filch_breaker_full",
                       (int)config->breaker_full);
    if (config->aging < 0 || config->timeout < 0 || config->run_timeout < 0)
        return fl_fail(EINVAL, "a pool with a negative time; aging, timeout and run_timeout are "
                               "nanoseconds");
    if (config->adaptive && (config->width || config->width_max))
        return fl_fail(EINVAL, "an adaptive pool with a width; leave width and "
                               "width_max 0");
    int rc = check_effects(config);
    if (rc)
        return rc;
    rc = config->retry ? fl_retry_check(config->retry) : 0;
    if (!rc)
        rc = fl_stuck_check(config);
    return rc ? rc : fl_elastic_check(config);
}
