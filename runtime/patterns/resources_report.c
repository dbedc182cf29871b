/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reports of a pool of resources. */
#include <runtime/patterns/resources.h>
#include <runtime/patterns/resources_report.h>
#include <runtime/platform/answer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/text.h>

void *filch_resource_value(const filch_resource *resource)
{
    FL_MUST_GIVE(resource);
    return resource->value;
}

void filch_resources_stats_read(filch_resources *pool, filch_resources_stats *out, size_t size)
{
    FL_MUST_LIVE(pool);
    FL_MUST_GIVE(out);
    fl_lock(&pool->lock);
    filch_resources_stats all = pool->stats;
    const unsigned *count = pool->count;
    all.in_use = count[FL_RESOURCE_IN_USE];
    all.idle = count[FL_RESOURCE_IDLE];
    all.creating = count[FL_RESOURCE_CREATING];
    all.checking = count[FL_RESOURCE_CHECKING];
    all.destroying = count[FL_RESOURCE_DESTROYING];
    all.waiting = pool->waiting;
    fl_unlock(&pool->lock);
    fl_answer(out, size, &all, sizeof all);
}

static void add_line(fl_text *text, const filch_place *place, const char *holder, int64_t held)
{
    long long ms = held > 0 ? held / FILCH_MILLISECOND : 0;
    fl_text_add(text, "held for %lld.%03lld s", ms / 1000, ms % 1000);
    if (place->file)
        fl_text_add(text, ", acquired at %s:%d", fl_path_end(place->file), place->line);
    if (holder)
        fl_text_add(text, " by task %s", holder);
    fl_text_add(text, "\n");
}

/* The lock is not held while text is made. */
size_t fl_resources_report(filch_resources *pool, int64_t held, int64_t now, char *text,
                           size_t size)
{
    fl_text all = {.at = text, .room = size};
    for (unsigned i = 0; i < pool->config.max; i++) {
        const filch_resource *one = &pool->place[i];
        fl_lock(&pool->lock);
        bool told = one->state == FL_RESOURCE_IN_USE && now - one->since >= held;
        int64_t since = one->since;
        const filch_place *place = one->place;
        const char *holder = one->holder;
        fl_unlock(&pool->lock);
        if (told)
            add_line(&all, place, holder, now - since);
    }
    return all.length;
}

size_t filch_resources_report(filch_resources *pool, int64_t held, char *text, size_t size)
{
    FL_MUST_LIVE(pool);
    if (size)
        text[0] = '\0';
    return fl_resources_report(pool, held, fl_now(), text, size);
}
