/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/serve_state.h>

#include <runtime/service/broker.h>
#include <runtime/service/http/serve_watch.h>
#include <runtime/service/job.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { RUNNING_MOST = 200, DESCRIPTION_BYTES = 512 };

static double seconds(int64_t ns)
{
    return (double)ns / FILCH_SECOND;
}

/* Appends; NULL stands for no memory, and the text is then NULL, too. */
static bool put(json_t *list, json_t *item)
{
    return item && json_array_append_new(list, item) == 0;
}

/* A text that came from outside; U+FFFD where it is no UTF-8. */
static json_t *foreign(const char *text)
{
    json_t *item = json_string(text);
    return item ? item : json_string("\xef\xbf\xbd");
}

static json_t *host(void)
{
    char name[HOST_NAME_MAX + 1] = "";
    gethostname(name, sizeof name - 1);
    return foreign(name);
}

/* Null stands for a job without an id. */
static json_t *id_of(const fl_running *job)
{
    return *job->id ? foreign(job->id) : json_null();
}

/* ---- Parts ---- */

static json_t *jobs(filch_service *service)
{
    json_t *list = json_array();
    fl_running *running = malloc(RUNNING_MOST * sizeof *running);
    size_t count = running ? fl_service_running_read(service, running, RUNNING_MOST) : 0;
    bool good = list && running;
    for (size_t i = 0; i < count && good; i++) {
        const fl_running *one = &running[i];
        good =
            put(list, json_pack("{so so so si sf sf}", "id", id_of(one), "type", foreign(one->type),
                                "queue", foreign(one->queue), "attempt", (int)one->attempt, "age",
                                seconds(one->age), "running", seconds(one->since)));
    }
    free(running);
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *number(uint64_t count)
{
    return count == FL_BROKER_UNKNOWN ? json_null() : json_integer((json_int_t)count);
}

static json_t *queues(const filch_service *service, fl_serve_watch *watch)
{
    json_t *list = json_array();
    bool good = list;
    for (unsigned i = 0; i < service->config.queue_count && good; i++) {
        fl_broker_count count;
        json_t *name = foreign(service->queue_names[i]);
        if (fl_serve_watch_count(watch, i, &count))
            good = put(list, json_pack("{so so so so so}", "name", name, "ready",
                                       number(count.ready), "delayed", number(count.delayed),
                                       "leased", number(count.leased), "dead", number(count.dead)));
        else
            good = put(list, json_pack("{so}", "name", name));
    }
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

#define ALL_DEAD SIZE_MAX /* instead of an offset: fl_service_dead */

static const struct {
    const char *name;
    size_t offset;
} totals[] = {
#define OUTCOME(name) offsetof(filch_service_stats, outcomes) + (name) * sizeof(uint64_t)
    {"received", offsetof(filch_service_stats, received)},
    {"begun", offsetof(filch_service_stats, begun)},
    {"done", OUTCOME(FILCH_SERVICE_DONE)},
    {"retried", OUTCOME(FILCH_SERVICE_RETRIED)},
    {"dead", ALL_DEAD},
    {"failed", OUTCOME(FILCH_SERVICE_DEAD)},
    {"given_back", OUTCOME(FILCH_SERVICE_GIVEN_BACK)},
    {"cancelled", OUTCOME(FILCH_SERVICE_CANCELLED)},
    {"settled", offsetof(filch_service_stats, settled)},
    {"returned", offsetof(filch_service_stats, returned)},
    {"malformed", offsetof(filch_service_stats, malformed)},
    {"expired", offsetof(filch_service_stats, expired)},
    {"poison", offsetof(filch_service_stats, poison)},
    {"late", offsetof(filch_service_stats, late)},
    {"lost", offsetof(filch_service_stats, lost)},
    {"connections", offsetof(filch_service_stats, connected)},
    {"published", offsetof(filch_service_stats, published)},
};

static uint64_t total(const filch_service_stats *stats, unsigned row)
{
    const size_t at = totals[row].offset;
    return at == ALL_DEAD ? fl_service_dead(stats)
                          : *(const uint64_t *)(const void *)((const char *)stats + at);
}

static json_t *sums(const filch_service_stats *stats)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < sizeof totals / sizeof *totals; i++)
        json_object_set_new(all, totals[i].name, json_integer((json_int_t)total(stats, i)));
    return all;
}

/* A second, over the last ten. */
static json_t *rates(const filch_service_stats *stats, fl_serve_watch *watch)
{
    json_t *all = json_object();
    const fl_tick earlier = fl_serve_watch_earlier(watch);
    double span = seconds(filch_now() - earlier.at);
    for (unsigned i = 0; i < sizeof totals / sizeof *totals; i++) {
        uint64_t grown = total(stats, i) - total(&earlier.stats, i);
        bool known = earlier.at && span > 0;
        json_object_set_new(all, totals[i].name, json_real(known ? (double)grown / span : 0));
    }
    return all;
}

static json_t *type(const fl_service_type *one)
{
    static const struct {
        const char *name;
        double share;
    } marks[] = {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"max", 1}};
    filch_snapshot *snapshot;
    json_t *all = json_object();
    json_object_set_new(all, "type", foreign(one->handler.type));
    for (unsigned i = 0; i < FL_RECORD_STATUSES; i++)
        json_object_set_new(all, fl_record_names[i],
                            json_integer((json_int_t)filch_counter_read(one->record.counts[i])));
    if (filch_snapshot_create(&snapshot))
        return all;
    filch_snapshot_add(snapshot, one->record.durations);
    for (unsigned i = 0; i < sizeof marks / sizeof *marks; i++)
        json_object_set_new(all, marks[i].name,
                            json_real(seconds(filch_snapshot_quantile(snapshot, marks[i].share))));
    filch_snapshot_destroy(snapshot);
    return all;
}

static json_t *types(const filch_service *service)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < service->type_count; i++)
        json_array_append_new(list, type(&service->types[i]));
    return list;
}

/* ---- The whole ---- */

char *fl_serve_state_text(filch_service *service, fl_serve_watch *watch)
{
    char broker[DESCRIPTION_BYTES];
    filch_service_stats stats;
    filch_service_stats_read(service, &stats, sizeof stats);
    filch_service_describe(service, broker, sizeof broker);
    fl_service_health health = fl_service_health_read(service);
    json_t *all =
        json_pack("{so so so sb sb sb sb sI sI sI so so so so so}", "program",
                  foreign(program_invocation_short_name), "host", host(), "broker", foreign(broker),
                  "connected", stats.is_connected, "draining", stats.is_draining, "ready",
                  health.is_ready, "healthy", health.turns, "running", (json_int_t)stats.running,
                  "held", (json_int_t)stats.held, "prefetch", (json_int_t)stats.prefetch, "jobs",
                  jobs(service), "queues", queues(service, watch), "totals", sums(&stats), "rates",
                  rates(&stats, watch), "types", types(service));
    char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return text;
}
