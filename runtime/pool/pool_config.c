/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/pool_config.h>

#include <runtime/platform/error.h>
#include <runtime/platform/ranges.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/elastic.h>
#include <runtime/resilience/retry.h>

#include <errno.h>

enum { SPARES_MOST = 256, PERCENT = 100 };

static int check_ranges(const filch_pool_config *config)
{
    const fl_range ranges[] = {
        {"width", config->width, FILCH_WIDTH_MAX, "jobs at a time"},
        {"order", (unsigned)config->order, FILCH_ORDERS - 1, "a filch_pool_order"},
        {"full", (unsigned)config->full, FILCH_FULL_CHOICES - 1, "a filch_when_full"},
        {"breaker_full", (unsigned)config->breaker_full, FILCH_BREAKER_FULL_CHOICES - 1,
         "a filch_breaker_full"},
        {"width_max", config->width_max, FILCH_WIDTH_MAX, "jobs at a time"},
        {"spares", config->spares, SPARES_MOST, "workers"},
        {"cpu_max", config->cpu_max, PERCENT, "percent"},
        {"aging", config->aging, INT64_MAX, "nanoseconds"},
        {"timeout", config->timeout, INT64_MAX, "nanoseconds"},
        {"grow_after", config->grow_after, INT64_MAX, "nanoseconds"},
        {"shrink_after", config->shrink_after, INT64_MAX, "nanoseconds"},
        {"interval", config->interval, INT64_MAX, "nanoseconds"},
        {"stuck_after", config->stuck_after, INT64_MAX, "nanoseconds"},
        {"run_timeout", config->run_timeout, INT64_MAX, "nanoseconds"},
    };
    const fl_range *one = fl_range_missed(ranges, sizeof ranges / sizeof *ranges);
    if (one && one->most == INT64_MAX)
        return fl_fail(EINVAL, "%s of pool %s: %lld (0 or more %s)", one->name, config->name,
                       (long long)one->value, one->unit);
    if (one)
        return fl_fail(EINVAL, "%s of pool %s: %lld (0..%lld, %s)", one->name, config->name,
                       (long long)one->value, (long long)one->most, one->unit);
    return 0;
}

/* Pairs that contradict each other. */
static int check_pairs(const filch_pool_config *config)
{
    const struct {
        bool both;
        const char *one, *other;
    } pairs[] = {
        {config->runtime && config->workers, "runtime", "workers"},
        {config->runtime && config->max_workers, "runtime", "max_workers"},
        {config->runtime && config->bind, "runtime", "bind"},
        {config->adaptive && config->width, "adaptive", "width"},
        {config->adaptive && config->width_max, "adaptive", "width_max"},
    };
    for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].both)
            return fl_fail(EINVAL, "pool %s has both %s and %s (set one of them)", config->name,
                           pairs[i].one, pairs[i].other);
    if (config->width_max && config->width > config->width_max)
        return fl_fail(EINVAL, "width of pool %s: %u (at most its width_max, %u)", config->name,
                       config->width, config->width_max);
    return 0;
}

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
            return fl_fail(EINVAL, "pool %s: %s has no effect without %s (set both or neither)",
                           config->name, settings[i].name, settings[i].needs);
    return 0;
}

int fl_pool_config_take(filch_pool_config *config, const filch_pool_config *given)
{
    int rc = fl_take_config(config, given, sizeof *config, "filch_pool_config");
    if (rc)
        return rc;
    if (!config->name)
        config->name = "(unnamed)";
    rc = check_ranges(config);
    if (!rc)
        rc = check_pairs(config);
    if (!rc)
        rc = check_effects(config);
    if (!rc && config->retry)
        rc = fl_retry_check(config->retry);
    if (rc)
        return rc;
    if (!config->aging)
        config->aging = FILCH_SECOND;
    if (!config->capacity)
        config->capacity = FILCH_CAPACITY_DEFAULT;
    fl_elastic_complete(config);
    return 0;
}
