/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rule, and its configuration. */
#include <runtime/pool/elastic.h>

#include <runtime/platform/error.h>
#include <runtime/platform/later.h>

#include <errno.h>

enum { ALL = 100, EIGHTH = 8 };                        /* percent; of the width */
static const int64_t RELIEF = 100 * FILCH_MILLISECOND; /* from one look at the CPUs to the next */

/* ---- The configuration ---- */

int fl_elastic_check(const filch_pool_config *config)
{
    if (config->grow_after < 0 || config->shrink_after < 0 || config->interval < 0)
        return fl_fail(EINVAL, "a pool with a negative time; grow_after, shrink_after and interval "
                               "are nanoseconds");
    if (config->cpu_max > ALL)
        return fl_fail(EINVAL, "cpu_max %u of a pool is out of range (1..100 percent, or 0)",
                       config->cpu_max);
    if (config->width_max > FILCH_WIDTH_MAX)
        return fl_fail(EINVAL, "width_max %u of a pool is out of range (at most %d)",
                       config->width_max, FILCH_WIDTH_MAX);
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
                            .cpu_max = (int)complete->cpu_max,
                            .relieved = INT64_MIN / 2,
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

/* Jobs wait for CPUs, and more of them at a time would only share these. */
static bool is_overloaded(const fl_elastic *elastic, const fl_load *load, int64_t now)
{
    return elastic->cpu_max && load->waiting && load->cpu * 2 >= elastic->cpu_max + ALL &&
           now - elastic->relieved >= RELIEF;
}

static unsigned relieved(fl_elastic *elastic, unsigned width, int64_t now)
{
    unsigned less = width / EIGHTH ? width / EIGHTH : 1;
    elastic->relieved = now;
    return width > elastic->least + less ? width - less : elastic->least;
}

unsigned fl_elastic_width(fl_elastic *elastic, unsigned width, const fl_load *load, int64_t now)
{
    bool presses = load->waiting && (deep(elastic, width, load->waiting) ||
                                     now - load->oldest >= elastic->grow_after);
    bool free = !elastic->cpu_max || load->cpu < elastic->cpu_max;
    bool grows = presses && free && width < elastic->most;
    if (width > elastic->least && is_overloaded(elastic, load, now))
        return relieved(elastic, width, now);
    if (!grows && now - elastic->since < elastic->shrink_after)
        return width;
    unsigned wanted = grows ? wider(elastic, width) : narrower(elastic, width);
    elastic->since = now;
    elastic->busiest = load->active;
    return wanted;
}

int64_t fl_elastic_next(const fl_elastic *elastic, unsigned width, bool waits, int64_t now)
{
    bool shrinks = width > elastic->least;
    bool grows = waits && (width < elastic->most || (elastic->cpu_max && shrinks));
    int64_t to_grow = grows ? fl_later(now, elastic->interval) : FILCH_FOREVER;
    int64_t to_shrink = shrinks ? fl_later(elastic->since, elastic->shrink_after) : FILCH_FOREVER;
    return to_grow < to_shrink ? to_grow : to_shrink;
}

bool fl_elastic_will_grow(const fl_elastic *elastic, unsigned width, uint64_t waiting)
{
    return waiting && width < elastic->most && elastic->interval != FILCH_FOREVER &&
           (deep(elastic, width, waiting) || elastic->grow_after != FILCH_FOREVER);
}
