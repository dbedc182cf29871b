/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rule, and the configuration that it comes from. */
#include <runtime/pool/elastic.h>

#include <runtime/core/error.h>
#include <runtime/core/later.h>

#include <errno.h>

/* ---- The configuration ---- */

int fl_elastic_check(const filch_pool_config *config)
{
    bool times = config->grow_after || config->shrink_after || config->interval;
    if (!config->width_max && (times || config->grow_depth))
        return fl_fail(EINVAL, "a pool that grows to no width_max; give it one, or leave out "
                               "grow_depth, grow_after, shrink_after and interval");
    if (config->grow_after < 0 || config->shrink_after < 0 || config->interval < 0)
        return fl_fail(EINVAL, "a pool with a negative time; grow_after, shrink_after and interval "
                               "are nanoseconds");
    if (config->width_max > FILCH_WIDTH_MAX)
        return fl_fail(EINVAL, "a pool up to %u jobs wide; %d is the most", config->width_max,
                       FILCH_WIDTH_MAX);
    if (config->width_max && config->width > config->width_max)
        return fl_fail(EINVAL, "a pool at least %u and at most %u jobs wide; exchange them",
                       config->width, config->width_max);
    return 0;
}

void fl_elastic_complete(filch_pool_config *config)
{
    if (!config->width_max)
        return;
    if (!config->width)
        config->width = 1;
    if (!config->grow_after)
        config->grow_after = FILCH_MILLISECOND;
    if (!config->shrink_after)
        config->shrink_after = FILCH_SECOND;
    if (!config->interval)
        config->interval = 10 * FILCH_MILLISECOND;
}

void fl_elastic_init(fl_elastic *elastic, const filch_pool_config *complete, int64_t now)
{
    *elastic = (fl_elastic){.most = complete->width_max,
                            .depth = complete->grow_depth,
                            .grow_after = complete->grow_after,
                            .shrink_after = complete->shrink_after,
                            .interval = complete->interval,
                            .least = complete->width,
                            .since = now};
}

/* ---- The rule ---- */

static unsigned half(unsigned width)
{
    return width > 1 ? width / 2 : 1;
}

static bool deep(const fl_elastic *elastic, unsigned width, uint64_t waiting)
{
    return waiting >= (elastic->depth ? elastic->depth : width);
}

static unsigned wider(const fl_elastic *elastic, unsigned width)
{
    unsigned room = elastic->most - width;
    return width + (half(width) < room ? half(width) : room);
}

static unsigned narrower(const fl_elastic *elastic, unsigned width)
{
    unsigned floor = elastic->busiest > elastic->least ? elastic->busiest : elastic->least;
    if (floor >= width)
        return width;
    unsigned room = width - floor;
    return width - (half(width) < room ? half(width) : room);
}

unsigned fl_elastic_width(fl_elastic *elastic, unsigned width, const fl_load *load, int64_t now)
{
    bool presses = load->waiting && (deep(elastic, width, load->waiting) ||
                                     now - load->oldest >= elastic->grow_after);
    bool grows = presses && width < elastic->most;
    if (!grows && now - elastic->since < elastic->shrink_after)
        return width;
    unsigned wanted = grows ? wider(elastic, width) : narrower(elastic, width);
    elastic->since = now;
    elastic->busiest = load->active;
    return wanted;
}

int64_t fl_elastic_next(const fl_elastic *elastic, unsigned width, bool waits, int64_t now)
{
    bool grows = waits && width<elastic->most, shrinks = width> elastic->least;
    int64_t to_grow = grows ? fl_later(now, elastic->interval) : FILCH_FOREVER;
    int64_t to_shrink = shrinks ? fl_later(elastic->since, elastic->shrink_after) : FILCH_FOREVER;
    return to_grow < to_shrink ? to_grow : to_shrink;
}

bool fl_elastic_will_grow(const fl_elastic *elastic, unsigned width, uint64_t waiting)
{
    return waiting && width < elastic->most && elastic->interval != FILCH_FOREVER &&
           (deep(elastic, width, waiting) || elastic->grow_after != FILCH_FOREVER);
}
