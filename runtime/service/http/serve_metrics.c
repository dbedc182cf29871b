/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/serve_metrics.h>

#include <runtime/service/broker.h>
#include <runtime/service/http/serve_watch.h>
#include <runtime/service/job.h>
#include <runtime/service/service.h>

#include <filch/pool.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Numbers of the service ---- */

static filch_service_stats stats_of(void *arg)
{
    filch_service_stats stats;
    filch_service_stats_read(arg, &stats, sizeof stats);
    return stats;
}

/* GAUGE, COUNTER(metric, field of the statistics, help); SLOTS(outcome); RUNS(outcome, its enum) */
#define NUMBERS(GAUGE, COUNTER, SLOTS, RUNS)                                                       \
    GAUGE(active, running, "Number of active workers.")                                            \
    GAUGE(held, held, "Messages whose handler has not returned.")                                  \
    GAUGE(prefetch, prefetch, "Limit of messages held at once.")                                   \
    GAUGE(connected, is_connected, "1 while there is a connection to the broker.")                 \
    GAUGE(broker_busy, is_busy, "1 while the broker refuses calls for now.")                       \
    GAUGE(draining, is_draining, "1 while the service drains.")                                    \
    COUNTER(received, received, "Deliveries.")                                                     \
    COUNTER(settled, settled, "Settlements accepted by the broker.")                               \
    COUNTER(returned, returned, "Messages given back before their run began.")                     \
    COUNTER(late, late, "Runs that finished after their deadline.")                                \
    COUNTER(leases_lost, lost, "Leases lost before settlement.")                                   \
    COUNTER(connections, connected, "Connections made to the broker.")                             \
    COUNTER(published, published, "Messages published.")                                           \
    SLOTS(published)                                                                               \
    SLOTS(elsewhere)                                                                               \
    SLOTS(missed)                                                                                  \
    RUNS(done, DONE)                                                                               \
    RUNS(retried, RETRIED)                                                                         \
    RUNS(dead, DEAD)                                                                               \
    RUNS(given_back, GIVEN_BACK)                                                                   \
    RUNS(cancelled, CANCELLED)

#define READ(name, field)                                                                          \
    static double read_##name(void *service)                                                       \
    {                                                                                              \
        return (double)stats_of(service).field;                                                    \
    }
#define READ_NUMBER(metric, field, says) READ(metric, field)
#define READ_SLOTS(which) READ(slots_##which, slots_##which)
#define READ_RUNS(which, outcome) READ(runs_##which, outcomes[FILCH_SERVICE_##outcome])
NUMBERS(READ_NUMBER, READ_NUMBER, READ_SLOTS, READ_RUNS)

#define GAUGE(metric, field, says)                                                                 \
    {"worker_" #metric, says, NULL, FILCH_METRIC_GAUGE, read_##metric},
#define COUNTER(metric, field, says)                                                               \
    {"worker_" #metric "_total", says, NULL, FILCH_METRIC_COUNTER, read_##metric},
#define SLOTS(which)                                                                               \
    {"worker_periodic_slots_total", "Slots of periodic jobs, by outcome.", #which,                 \
     FILCH_METRIC_COUNTER, read_slots_##which},
#define RUNS(which, outcome)                                                                       \
    {"worker_outcomes_total", "Runs of handlers, by outcome.", #which, FILCH_METRIC_COUNTER,       \
     read_runs_##which},
static const struct {
    const char *name, *help, *outcome;
    filch_metric_kind kind;
    filch_metric_read_fn *read;
} numbers[] = {NUMBERS(GAUGE, COUNTER, SLOTS, RUNS)};

static int add_numbers(fl_serve_metrics *metrics)
{
    int rc = 0;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers && !rc; i++) {
        filch_metric metric = {.name = numbers[i].name,
                               .help = numbers[i].help,
                               .kind = numbers[i].kind,
                               .read = numbers[i].read,
                               .arg = metrics->service,
                               .owner = metrics};
        if (numbers[i].outcome)
            metric.labels[0] = (filch_label){"outcome", numbers[i].outcome};
        rc = filch_metrics_add(metrics->registry, &metric);
    }
    return rc;
}

/* ---- Queues ---- */

static double number_of(void *arg, size_t field)
{
    const fl_queue_source *source = arg;
    fl_broker_count count;
    if (!fl_serve_watch_count(source->watch, source->queue, &count))
        return NAN;
    const uint64_t *number = (const uint64_t *)(const void *)((const char *)&count + field);
    return *number == FL_BROKER_UNKNOWN ? NAN : (double)*number;
}

static double read_ready(void *arg)
{
    return number_of(arg, offsetof(fl_broker_count, ready));
}

static double read_delayed(void *arg)
{
    return number_of(arg, offsetof(fl_broker_count, delayed));
}

static double read_leased(void *arg)
{
    return number_of(arg, offsetof(fl_broker_count, leased));
}

static double read_dead_letters(void *arg)
{
    return number_of(arg, offsetof(fl_broker_count, dead));
}

static double read_oldest(void *arg)
{
    return number_of(arg, offsetof(fl_broker_count, oldest)) / (double)FILCH_SECOND;
}

static const struct {
    const char *name, *help;
    filch_metric_read_fn *read;
} depths[] = {
    {"worker_queue_depth", "Current queue depth.", read_ready},
    {"worker_queue_delayed", "Delayed messages.", read_delayed},
    {"worker_queue_leased", "Messages delivered but not yet settled.", read_leased},
    {"worker_queue_oldest_seconds", "Time since the oldest ready message became ready.",
     read_oldest},
    {"worker_dead_letters", "Dead letters of the queue.", read_dead_letters},
};

static double read_counted(void *arg)
{
    return fl_serve_watch_counted(arg);
}

static int add_queues(fl_serve_metrics *metrics, fl_serve_watch *watch)
{
    int rc = filch_metrics_add(metrics->registry,
                               &(filch_metric){.name = "worker_queue_counted_timestamp_seconds",
                                               .help = "Unix time of the last count of the queues.",
                                               .kind = FILCH_METRIC_GAUGE,
                                               .read = read_counted,
                                               .arg = watch,
                                               .owner = metrics});
    for (unsigned row = 0; row < sizeof depths / sizeof *depths; row++)
        for (unsigned i = 0; i < metrics->service->config.queue_count && !rc; i++) {
            metrics->queues[i] = (fl_queue_source){watch, i};
            rc = filch_metrics_add(metrics->registry,
                                   &(filch_metric){.name = depths[row].name,
                                                   .help = depths[row].help,
                                                   .labels = {{"queue",
                                                               metrics->service->queue_names[i]}},
                                                   .kind = FILCH_METRIC_GAUGE,
                                                   .read = depths[row].read,
                                                   .arg = &metrics->queues[i],
                                                   .owner = metrics});
        }
    return rc;
}

/* ---- Types ---- */

static int add_counts(fl_serve_metrics *metrics, const char *type, const fl_record *record)
{
    int rc = 0;
    for (unsigned status = 0; status < FL_RECORD_STATUSES && !rc; status++)
        rc = filch_metrics_add(metrics->registry,
                               &(filch_metric){.name = "worker_tasks_processed_total",
                                               .help = "Total number of tasks processed.",
                                               .labels = {{"task_type", type},
                                                          {"status", fl_record_names[status]}},
                                               .kind = FILCH_METRIC_COUNTER,
                                               .counter = record->counts[status],
                                               .owner = metrics});
    return rc;
}

static int add_durations(fl_serve_metrics *metrics, const char *type, const fl_record *record)
{
    return filch_metrics_add(metrics->registry,
                             &(filch_metric){.name = "worker_task_duration_seconds",
                                             .help = "Task processing duration.",
                                             .labels = {{"task_type", type}},
                                             .kind = FILCH_METRIC_HISTOGRAM,
                                             .distribution = record->durations,
                                             .unit = 1e9,
                                             .marks = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5,
                                                       10},
                                             .owner = metrics});
}

static double read_open(void *arg)
{
    return filch_breaker_state_read(arg) == FILCH_BREAKER_OPEN;
}

static int add_breaker(fl_serve_metrics *metrics, const filch_handler *handler)
{
    return filch_metrics_add(metrics->registry,
                             &(filch_metric){.name = "worker_breaker_open",
                                             .help = "1 while the circuit breaker is open.",
                                             .labels = {{"task_type", handler->type}},
                                             .kind = FILCH_METRIC_GAUGE,
                                             .read = read_open,
                                             .arg = handler->breaker,
                                             .owner = metrics});
}

static int add_types(fl_serve_metrics *metrics)
{
    const filch_service *service = metrics->service;
    int rc = 0;
    for (unsigned i = 0; i < service->type_count && !rc; i++) {
        const fl_service_type *type = &service->types[i];
        rc = add_counts(metrics, type->handler.type, &type->record);
        rc = rc ? rc : add_durations(metrics, type->handler.type, &type->record);
        if (!rc && type->handler.breaker)
            rc = add_breaker(metrics, &type->handler);
    }
    /* A handler for a type of this name has taken the label. */
    int other = rc ? rc : add_counts(metrics, "other", &service->other);
    return other == -EEXIST ? 0 : other;
}

/* ---- Life ---- */

int fl_serve_metrics_start(fl_serve_metrics *metrics, filch_service *service, fl_serve_watch *watch,
                           filch_metrics *shared)
{
    int rc = 0;
    metrics->service = service;
    metrics->registry = shared;
    metrics->is_own = !shared;
    if (!shared)
        rc = filch_metrics_create(&metrics->registry);
    if (rc)
        return rc;
    rc = add_types(metrics);
    rc = rc ? rc : add_numbers(metrics);
    rc = rc ? rc : add_queues(metrics, watch);
    rc = rc ? rc : filch_metrics_add_pool(metrics->registry, service->pool);
    rc = rc || shared ? rc : filch_metrics_add_process(metrics->registry);
    if (rc)
        fl_serve_metrics_stop(metrics);
    return rc;
}

void fl_serve_metrics_stop(fl_serve_metrics *metrics)
{
    filch_metrics_remove(metrics->registry, metrics);
    filch_metrics_remove(metrics->registry, metrics->service->pool);
    if (metrics->is_own)
        filch_metrics_destroy(metrics->registry);
}

static int append(const char *text, size_t size, void *arg)
{
    return fwrite(text, 1, size, arg) == size ? 0 : -ENOMEM;
}

char *fl_serve_metrics_text(fl_serve_metrics *metrics, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        return NULL;
    int rc = filch_metrics_write(metrics->registry, append, out);
    if (fclose(out) || rc) {
        free(text);
        return NULL;
    }
    return text;
}
