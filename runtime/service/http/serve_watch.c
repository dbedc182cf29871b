/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/serve_watch.h>

#include <runtime/platform/own_thread.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

enum { COUNT_TICKS = 5 }; /* the queues are counted at every fifth tick, of a second each */

/* ---- The thread ---- */

static void tick(fl_serve_watch *watch)
{
    fl_tick now = {.at = filch_now()};
    filch_service_stats_read(watch->service, &now.stats, sizeof now.stats);
    pthread_mutex_lock(&watch->lock);
    watch->ticks[watch->tick_count++ % FL_SERVE_WATCH_TICKS] = now;
    pthread_mutex_unlock(&watch->lock);
}

static bool count_queues(fl_serve_watch *watch, fl_broker_count *counts)
{
    fl_link *link = &watch->link;
    fl_broker_rc rc = fl_link_open(link);
    watch->gave_up = rc == FL_BROKER_FATAL;
    if (rc != FL_BROKER_OK)
        return false;
    watch->gave_up = !link->caps.counts || !link->kind->count;
    for (unsigned i = 0; i < link->config.queue_count && rc == FL_BROKER_OK; i++)
        rc = watch->gave_up ? FL_BROKER_BUSY : link->kind->count(link->broker, i, &counts[i]);
    fl_link_judge(link, FL_CALL_COUNT, rc);
    return rc == FL_BROKER_OK;
}

static void count(fl_serve_watch *watch)
{
    fl_broker_count counts[FILCH_SERVICE_QUEUES] = {{0}};
    bool good = count_queues(watch, counts);
    int64_t now = fl_service_unix_time(watch->service);
    pthread_mutex_lock(&watch->lock);
    watch->is_counted = good;
    if (good)
        watch->counted = now;
    memcpy(watch->counts, counts, sizeof counts);
    pthread_mutex_unlock(&watch->lock);
}

/* true: go on. */
static bool wait_a_second(fl_serve_watch *watch)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&watch->lock);
    int rc = 0;
    while (!watch->ending && !rc)
        rc = pthread_cond_timedwait(&watch->ended, &watch->lock, &until);
    bool goes_on = !watch->ending;
    pthread_mutex_unlock(&watch->lock);
    return goes_on;
}

static void *look_on(void *arg)
{
    fl_serve_watch *watch = arg;
    unsigned turns = 0;
    do {
        tick(watch);
        if (!watch->gave_up && turns++ % COUNT_TICKS == 0)
            count(watch);
    } while (wait_a_second(watch));
    fl_link_end(&watch->link);
    return NULL;
}

/* ---- Life ---- */

int fl_serve_watch_start(fl_serve_watch *watch, filch_service *service)
{
    pthread_condattr_t monotonic;
    watch->service = service;
    fl_link_init(&watch->link, service, service->link.kind, FL_BROKER_ADMINISTERS);
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = fl_own_thread_start(&watch->thread, look_on, watch);
    if (!rc)
        return 0;
    pthread_cond_destroy(&watch->ended);
    pthread_mutex_destroy(&watch->lock);
    return filch_error_set(-EAGAIN,
                           "no thread for the HTTP endpoints: %s; raise the limit of "
                           "threads",
                           strerror(rc));
}

void fl_serve_watch_stop(fl_serve_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    watch->ending = true;
    pthread_cond_signal(&watch->ended);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->ended);
    pthread_mutex_destroy(&watch->lock);
}

/* ---- Results ---- */

double fl_serve_watch_counted(fl_serve_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    int64_t counted = watch->counted;
    pthread_mutex_unlock(&watch->lock);
    return counted ? (double)counted / (double)FILCH_SECOND : NAN;
}

bool fl_serve_watch_count(fl_serve_watch *watch, unsigned queue, fl_broker_count *out)
{
    pthread_mutex_lock(&watch->lock);
    bool known = watch->is_counted;
    *out = watch->counts[queue];
    pthread_mutex_unlock(&watch->lock);
    return known;
}

fl_tick fl_serve_watch_earlier(fl_serve_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    unsigned first =
        watch->tick_count > FL_SERVE_WATCH_TICKS ? watch->tick_count - FL_SERVE_WATCH_TICKS : 0;
    fl_tick earlier = watch->ticks[first % FL_SERVE_WATCH_TICKS];
    pthread_mutex_unlock(&watch->lock);
    return earlier;
}
