/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/metrics/metric.h>
#include <runtime/metrics/metrics.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int filch_metrics_create(filch_metrics **out)
{
    FL_GIVEN(out);
    filch_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return fl_fail(ENOMEM, "no memory for a registry; free some");
    fl_life_begin(&metrics->life);
    *out = metrics;
    return 0;
}

void filch_metrics_destroy(filch_metrics *metrics)
{
    FL_MAY_LIVE(metrics);
    if (!metrics)
        return;
    while (metrics->first) {
        fl_metric *metric = metrics->first;
        metrics->first = metric->next;
        free(metric);
    }
    fl_life_end(&metrics->life);
    free(metrics);
}

/* ---- With the lock ---- */

/* Does a metric forbid the new one? */
static int refuse_twin(const filch_metrics *metrics, const fl_metric *fresh)
{
    for (const fl_metric *one = metrics->first; one; one = one->next) {
        if (one->gone || strcmp(one->what.name, fresh->what.name))
            continue;
        if (one->what.kind != fresh->what.kind)
            return fl_fail(EINVAL, "%s is already registered as a %s; a name has one kind",
                           one->what.name, fl_metric_rows[one->what.kind].name);
        if (!strcmp(one->labels, fresh->labels))
            return fl_fail(EEXIST, "already registered; give it another name, or label: %s{%s}",
                           one->what.name, one->labels);
    }
    return 0;
}

/* After the last of its family, or of all. */
static void insert(filch_metrics *metrics, fl_metric *fresh)
{
    fl_metric **at = &metrics->first, **place = NULL;
    fresh->number = fresh->family = ++metrics->number;
    for (; *at; at = &(*at)->next)
        if (!strcmp((*at)->what.name, fresh->what.name)) {
            fresh->family = (*at)->family;
            place = &(*at)->next;
        }
    place = place ? place : at;
    fresh->next = *place;
    *place = fresh;
}

/* If nobody needs it any more, moves it to the list of metrics to free. */
static void bury(filch_metrics *metrics, fl_metric *metric, fl_metric **dead)
{
    if (!metric->gone || metric->pins)
        return;
    fl_metric **at = &metrics->first;
    while (*at != metric)
        at = &(*at)->next;
    *at = metric->next;
    metric->next = *dead;
    *dead = metric;
}

static void free_all(fl_metric *dead)
{
    while (dead) {
        fl_metric *next = dead->next;
        free(dead);
        dead = next;
    }
}

/* ---- For writers ---- */

fl_metric *fl_metrics_step(filch_metrics *metrics, fl_metric *from, uint64_t limit)
{
    fl_metric *dead = NULL;
    fl_lock(&metrics->lock);
    fl_metric *to = from ? from->next : metrics->first;
    while (to && (to->gone || to->number > limit))
        to = to->next;
    if (to) {
        to->pins++;
        to->readers++;
    }
    if (from) {
        from->pins--;
        bury(metrics, from, &dead);
    }
    fl_unlock(&metrics->lock);
    free_all(dead);
    return to;
}

void fl_metrics_was_read(filch_metrics *metrics, fl_metric *metric)
{
    fl_lock(&metrics->lock);
    if (!--metric->readers && metric->gone)
        fl_tell_all(&metrics->lock, &metrics->removers, 0);
    else
        fl_unlock(&metrics->lock);
}

uint64_t fl_metrics_newest(filch_metrics *metrics)
{
    fl_lock(&metrics->lock);
    uint64_t newest = metrics->number;
    fl_unlock(&metrics->lock);
    return newest;
}

/* ---- Adding and removing ---- */

static int add(filch_metrics *metrics, const filch_metric *metric, const fl_metric_stats *stats,
               size_t offset)
{
    fl_metric *fresh;
    int rc = fl_metric_check(metric, stats != NULL);
    if (!rc)
        rc = fl_metric_create(&fresh, metric);
    if (rc)
        return rc;
    fresh->stats = stats;
    fresh->offset = offset;
    fl_lock(&metrics->lock);
    rc = refuse_twin(metrics, fresh);
    if (!rc)
        insert(metrics, fresh);
    fl_unlock(&metrics->lock);
    if (rc)
        free(fresh);
    return rc;
}

int filch_metrics_add(filch_metrics *metrics, const filch_metric *metric)
{
    FL_ALIVE(metrics);
    FL_GIVEN(metric);
    return add(metrics, metric, NULL, 0);
}

int fl_metrics_add_row(filch_metrics *metrics, const filch_metric *metric,
                       const fl_metric_stats *stats, const char *noun,
                       const filch_runtime_stat *row)
{
    char name[96];
    filch_metric one = *metric;
    bool is_time = !strcmp(row->unit, "ns");
    int length = (int)strlen(row->name) - (is_time ? (int)strlen("_ns") : 0);
    snprintf(name, sizeof name, "filch_%s_%.*s%s%s", noun, length, row->name,
             is_time ? "_seconds" : "", row->now ? "" : "_total");
    one.name = name;
    one.help = row->help;
    one.kind = row->now ? FILCH_METRIC_GAUGE : FILCH_METRIC_COUNTER;
    one.unit = is_time ? 1e9 : 0;
    return add(metrics, &one, stats, row->offset);
}

static bool belongs(const fl_metric *metric, const void *owner, uint64_t above)
{
    return metric->what.owner == owner && metric->number > above;
}

/* With the lock, which it may release meanwhile. The list may change then: from the start again. */
static void wait_for_readers(filch_metrics *metrics, const void *owner, uint64_t above)
{
    for (fl_metric *one = metrics->first; one;) {
        if (one->gone && one->readers && belongs(one, owner, above)) {
            fl_waits_in("filch_metrics_remove", metrics);
            fl_wait(&metrics->lock, &metrics->removers, NULL, FILCH_FOREVER);
            fl_lock(&metrics->lock);
            one = metrics->first;
        } else {
            one = one->next;
        }
    }
}

int fl_metrics_remove_above(filch_metrics *metrics, const void *owner, uint64_t above)
{
    int count = 0;
    fl_metric *dead = NULL;
    fl_lock(&metrics->lock);
    for (fl_metric *one = metrics->first; one; one = one->next)
        if (!one->gone && belongs(one, owner, above)) {
            one->gone = true;
            count++;
        }
    wait_for_readers(metrics, owner, above);
    for (fl_metric *one = metrics->first, *next; one; one = next) {
        next = one->next;
        bury(metrics, one, &dead);
    }
    fl_unlock(&metrics->lock);
    free_all(dead);
    return count;
}

int filch_metrics_remove(filch_metrics *metrics, const void *owner)
{
    FL_ALIVE(metrics);
    FL_GIVEN(owner);
    return fl_metrics_remove_above(metrics, owner, 0);
}
