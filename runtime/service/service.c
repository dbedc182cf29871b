/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/service.h>

#include <runtime/platform/container.h>
#include <runtime/platform/given.h>
#include <runtime/platform/ranges.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>
#include <runtime/service/message.h>
#include <runtime/service/modules.h>
#include <runtime/service/periodic/periodic.h>
#include <runtime/service/progress.h>
#include <runtime/service/run_job.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Clocks ---- */

int64_t fl_service_now(const filch_service *service)
{
    const filch_service_config *config = &service->config;
    return config->clock ? config->clock(config->clock_arg) : filch_now();
}

int64_t fl_service_unix_time(const filch_service *service)
{
    struct timespec now;
    if (service->config.clock)
        return service->config.clock(service->config.clock_arg);
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

/* ---- Life ---- */

static int make_contexts(filch_service *service)
{
    int rc = filch_context_create(&service->context, NULL);
    rc = rc ? rc : filch_context_create(&service->no_memory, NULL);
    return rc ? rc : filch_context_cancel(service->no_memory, -ENOMEM);
}

static int make_parts(filch_service *service, const filch_service_config *given,
                      const filch_handler *handlers, size_t count)
{
    int rc = fl_service_configure(service, given);
    const filch_service_config *config = &service->config;
    const fl_broker_kind *kind = rc ? NULL : fl_broker_of(config->broker);
    if (!kind)
        return -EINVAL;
    service->turned_at = fl_service_now(service);
    rc = fl_service_configure_for(service, kind);
    rc = rc ? rc : fl_service_types_init(service, handlers, count);
    rc = rc ? rc : fl_periodics_init(&service->periodics, service, kind);
    rc = rc ? rc : make_contexts(service);
    if (rc)
        return rc;
    service->caps = kind->caps;
    fl_link_init(&service->link, service, kind, FL_BROKER_CONSUMES);
    rc = fl_link_check(&service->link);
    if (rc)
        return rc;
    service->made_publisher = true;
    rc = fl_publisher_init(&service->publisher, service, kind);
    rc = rc ? rc : fl_waker_init(&service->waker);
    if (rc)
        return filch_error_set(rc, "no eventfd for the service: %s; raise the limit of open files",
                               strerror(-rc));
    return filch_pool_create(&service->pool, &(filch_pool_config){.name = "service",
                                                                  .runtime = config->runtime,
                                                                  .workers = config->workers,
                                                                  .width = config->width,
                                                                  .capacity = FILCH_UNLIMITED,
                                                                  .order = FILCH_FIFO});
}

/* Of a service that does not run. Also of one that was made in part. */
static void end(filch_service *service)
{
    if (service->made_publisher)
        fl_publisher_end(&service->publisher);
    fl_periodics_end(&service->periodics);
    if (service->context)
        filch_context_cancel(service->context, -ECANCELED);
    filch_pool_destroy(service->pool);
    fl_service_discard(service);
    fl_link_end(&service->link);
    fl_service_free_spare(service);
    fl_waker_end(&service->waker);
    fl_service_types_end(service);
    filch_context_release(service->context);
    filch_context_release(service->no_memory);
    pthread_mutex_destroy(&service->lock);
    fl_life_end(&service->life);
    free(service);
}

/* It spins first: each job holds the lock twice, for a few instructions. */
static void make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(lock, &kind);
    pthread_mutexattr_destroy(&kind);
}

int filch_service_create(filch_service **out, const filch_service_config *config,
                         const filch_handler *handlers, size_t count)
{
    FL_GIVEN(out);
    FL_GIVEN(handlers);
    filch_service *service = calloc(1, sizeof *service);
    if (!service)
        return filch_error_set(-ENOMEM, "no memory for a service; free some");
    fl_life_begin(&service->life);
    make_lock(&service->lock);
    fl_list_init(&service->over);
    fl_list_init(&service->active);
    fl_list_init(&service->ready);
    fl_list_init(&service->told);
    fl_list_init(&service->leased);
    fl_list_init(&service->pending);
    fl_list_init(&service->spare);
    service->waker.fd = -1;
    int rc = make_parts(service, config, handlers, count);
    if (rc)
        end(service);
    else
        *out = service;
    return rc;
}

static int take_owner(filch_service *service)
{
    if (!service)
        return filch_error_set(-EINVAL, "service is NULL; create one with filch_service_create");
    if (filch_runtime_here())
        return filch_error_set(-EINVAL, "called by a task, whose thread other tasks share; run the "
                                        "service on a thread of its own");
    pthread_mutex_lock(&service->lock);
    bool free = !service->has_owner;
    service->has_owner = true;
    pthread_mutex_unlock(&service->lock);
    return free ? 0 : filch_error_set(-EBUSY, "the service is already running on another thread");
}

static void drop_owner(filch_service *service)
{
    pthread_mutex_lock(&service->lock);
    service->has_owner = false;
    pthread_mutex_unlock(&service->lock);
}

int filch_service_destroy(filch_service *service)
{
    FL_MAY_LIVE(service);
    if (!service)
        return 0;
    int rc = take_owner(service);
    if (rc)
        return rc;
    end(service);
    return 0;
}

int filch_service_run(filch_service *service)
{
    FL_ALIVE(service);
    int rc = take_owner(service);
    if (rc)
        return rc;
    rc = service->periodics.count ? fl_publisher_set_periodic(&service->publisher, true) : 0;
    rc = rc ? rc : fl_service_loop(service);
    fl_publisher_set_periodic(&service->publisher, false);
    fl_link_close(&service->link);
    drop_owner(service);
    return rc;
}

static uint64_t begun(filch_service *service)
{
    pthread_mutex_lock(&service->lock);
    uint64_t count = service->begun;
    pthread_mutex_unlock(&service->lock);
    return count;
}

int filch_service_run_ready(filch_service *service, uint64_t *ran)
{
    FL_ALIVE(service);
    int rc = take_owner(service);
    if (rc)
        return rc;
    uint64_t before = begun(service);
    rc = fl_service_loop_ready(service);
    if (ran)
        *ran = begun(service) - before;
    drop_owner(service);
    return rc;
}

int filch_service_stop(filch_service *service, int64_t until)
{
    FL_ALIVE(service);
    if (until < 0)
        return filch_error_set(-EINVAL, "`until` is negative; pass filch_in()");
    pthread_mutex_lock(&service->lock);
    unsigned calls = ++service->stops;
    if (calls == 1)
        service->stop_until = until;
    service->roused = true;
    bool wake = fl_waker_call(&service->waker);
    pthread_mutex_unlock(&service->lock);
    if (wake)
        fl_waker_write(&service->waker);
    return calls <= 2 ? 0
                      : filch_error_set(-EALREADY, "the service has already been stopped twice");
}

/* ---- Publishing ---- */

int fl_service_check_message(const filch_service *service, const filch_message *message)
{
    if (!message || !message->type || !*message->type)
        return filch_error_set(-EINVAL, "message without a type; set filch_message.type");
    static const char what[] = "message of type";
    const fl_range ranges[] = {
        {"priority", message->priority, FILCH_MESSAGE_PRIORITIES - 1, ""},
        {"delay", message->delay, FILCH_FOREVER, " ns"},
        {"expires", message->expires, FILCH_FOREVER, " ns"},
        {"dedup_for", message->dedup_for, FILCH_DEDUP_MOST, " ns"},
    };
    int rc = fl_ranges_check(what, message->type, ranges, sizeof ranges / sizeof *ranges);
    if (rc)
        return rc;
    if (message->body_size && !message->body)
        return filch_error_set(-EINVAL,
                               "%s '%s': body of %zu bytes is NULL; set filch_message.body", what,
                               message->type, message->body_size);
    if (message->dedup_for && !message->dedup)
        return filch_error_set(-EINVAL, "%s '%s': dedup_for without dedup (set both or neither)",
                               what, message->type);
    for (size_t i = 0; i < message->header_count; i++)
        if (!message->headers[i].name || !message->headers[i].value)
            return filch_error_set(-EINVAL, "header %zu has no name or no value; set both", i);
    const char *excess = fl_message_excess(message);
    if (excess)
        return filch_error_set(-EMSGSIZE,
                               "message of type '%s': %s; store it elsewhere, and send "
                               "its location",
                               message->type, excess);
    for (unsigned i = 0; message->queue && i < service->config.queue_count; i++)
        if (strcmp(service->queue_names[i], message->queue) == 0)
            return 0;
    return !message->queue
               ? 0
               : filch_error_set(-EINVAL, "unknown queue '%s'; name it in queues", message->queue);
}

int fl_service_complete(const filch_service *service, filch_message *message, char *id,
                        char **envelope)
{
    message->attempt = 1;
    message->deliveries = 0;
    message->first_seen = fl_service_unix_time(service);
    message->queue = message->queue ? message->queue : service->queue_names[0];
    if (!message->id) {
        fl_message_random_id(id);
        message->id = id;
    }
    *envelope = NULL;
    if (service->config.envelope != FILCH_ENVELOPE_JSON)
        return 0;
    message->body = *envelope = fl_envelope_close_json(message, &message->body_size);
    return *envelope ? 0
                     : filch_error_set(-EINVAL, "message of type '%s': its body is not JSON",
                                       message->type);
}

int filch_service_publish(filch_service *service, const filch_message *message, int64_t until)
{
    FL_ALIVE(service);
    FL_GIVEN(message);
    char id[FL_ID_BYTES], *envelope;
    if (until < 0)
        return filch_error_set(-EINVAL, "`until` is negative; pass filch_in()");
    int rc = fl_service_check_message(service, message);
    if (rc)
        return rc;
    filch_message all = *message;
    rc = fl_service_complete(service, &all, id, &envelope);
    rc = rc ? rc : fl_publisher_publish(&service->publisher, &all, until);
    free(envelope);
    return rc;
}

int filch_service_record_read(filch_service *service, const char *id, filch_service_record **out,
                              int64_t until)
{
    FL_ALIVE(service);
    FL_GIVEN(out);
    if (!id || until < 0)
        return filch_error_set(-EINVAL, "id is NULL, or `until` is negative; pass "
                                        "filch_in()");
    if (!service->link.kind->caps.records)
        return fl_service_no_records(service);
    return fl_publisher_read(&service->publisher, id, out, until);
}

/* ---- Queries ---- */

void filch_service_stats_read(filch_service *service, filch_service_stats *out, size_t size)
{
    FL_MUST_LIVE(service);
    FL_MUST_GIVE(out);
    pthread_mutex_lock(&service->lock);
    filch_service_stats stats = service->seen;
    stats.begun = service->begun;
    stats.running = service->running;
    stats.late = service->late;
    stats.prefetch = service->config.width + service->config.buffer;
    pthread_mutex_unlock(&service->lock);
    fl_publisher_stats(&service->publisher, &stats);
    memset(out, 0, size);
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
}

size_t filch_service_describe(const filch_service *service, char *text, size_t size)
{
    FL_MUST_LIVE(service);
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&service->lock;
    pthread_mutex_lock(lock);
    fl_broker_caps caps = service->caps;
    pthread_mutex_unlock(lock);
    return fl_broker_describe(service->link.kind, &caps, text, size);
}

/* ---- Configuration ---- */

enum { WIDTH = 10, DELIVERIES = 5, WEIGHT_MOST = 1000 };
/* Also in service.h, program/keys.c, docs/service/README.md and deploy.md, test_service_leases.c;
 * PAST_LEASE of tests/service/service.h is longer. */
#define LEASE (30 * FILCH_SECOND)
#define TIMEOUT (300 * FILCH_SECOND)
#define RESULT_TTL (86400 * FILCH_SECOND)
/* The fields of the first release. */
#define FIRST_SIZE sizeof(filch_service_config)

static const filch_retry_policy default_retry = {.attempts = 5, .base = FILCH_SECOND};
static const filch_service_queue default_queue = {"tasks", 1};

int fl_ranges_check(const char *what, const char *name, const fl_range *ranges, unsigned count)
{
    char owner[128] = "", most[32] = "0 or more";
    const fl_range *one = fl_range_missed(ranges, count);
    if (!one)
        return 0;
    if (what)
        snprintf(owner, sizeof owner, "%s '%.80s': ", what, name);
    if (one->most < FILCH_FOREVER)
        snprintf(most, sizeof most, "0..%" PRId64, one->most);
    return filch_error_set(-EINVAL, "%s%s %" PRId64 "%s is out of range (%s)", owner, one->name,
                           one->value, one->unit, most);
}

static int check_numbers(const filch_service_config *config)
{
    const fl_range ranges[] = {
        {"width", config->width, FILCH_SERVICE_WIDTH_MOST, ""},
        {"buffer", config->buffer, FILCH_SERVICE_WIDTH_MOST, ""},
        {"timeout", config->timeout, FILCH_FOREVER, " ns"},
        {"result_ttl", config->result_ttl, FILCH_FOREVER, " ns"},
    };
    int rc = fl_ranges_check(NULL, NULL, ranges, sizeof ranges / sizeof *ranges);
    if (rc)
        return rc;
    if (config->lease && config->lease < FILCH_SECOND) /* as for `lease` in program/keys.c */
        return filch_error_set(-EINVAL, "lease %" PRId64 " ns is out of range (1 s or more)",
                               config->lease);
    if ((unsigned)config->envelope >= FILCH_ENVELOPES)
        return filch_error_set(-EINVAL, "unknown envelope %d (valid: 0..%d)", config->envelope,
                               FILCH_ENVELOPES - 1);
    if (!fl_envelope_is_supported(config->envelope))
        return filch_error_set(-ENOTSUP, "this build has no JSON envelope; build it where jansson "
                                         "is installed (Debian: libjansson-dev)");
    return 0;
}

size_t fl_queue_name_length(const char *name)
{
    size_t length = 0;
    while ((unsigned char)name[length] > ' ' && name[length] != 127)
        length++;
    return length;
}

static int check_queue(const filch_service_queue *queue, unsigned i)
{
    if (!queue->name || !*queue->name)
        return filch_error_set(-EINVAL, "queue %u has no name; set filch_service_queue.name", i);
    size_t length = fl_queue_name_length(queue->name);
    if (queue->name[length])
        return filch_error_set(
            -EINVAL,
            "queue %u, '%.*s...': its name contains a blank or a control character "
            "(allowed: all others)",
            i, length < 64 ? (int)length : 64, queue->name);
    return queue->weight <= WEIGHT_MOST
               ? 0
               : filch_error_set(-EINVAL, "queue '%s': weight %u is out of range (1..%d)",
                                 queue->name, queue->weight, WEIGHT_MOST);
}

static int take_queues(filch_service *service)
{
    filch_service_config *config = &service->config;
    if (!config->queues) {
        config->queues = &default_queue;
        config->queue_count = 1;
    }
    if (!config->queue_count || config->queue_count > FILCH_SERVICE_QUEUES)
        return filch_error_set(-EINVAL, "%u queues are out of range (1..%d)", config->queue_count,
                               FILCH_SERVICE_QUEUES);
    for (unsigned i = 0; i < config->queue_count; i++) {
        filch_service_queue queue = config->queues[i];
        int rc = check_queue(&queue, i);
        if (rc)
            return rc;
        queue.weight = queue.weight ? queue.weight : 1;
        service->queues[i] = queue;
        service->queue_names[i] = queue.name;
    }
    return 0;
}

int fl_service_configure(filch_service *service, const filch_service_config *given)
{
    filch_service_config *config = &service->config;
    filch_retry_state state;
    if (given) {
        size_t size = given->size ? given->size : FIRST_SIZE;
        memcpy(config, given, size < sizeof *config ? size : sizeof *config);
    }
    int rc = check_numbers(config);
    rc = rc ? rc : take_queues(service);
    if (!rc && config->retry)
        rc = filch_retry_state_begin(config->retry, &state);
    if (rc)
        return rc;
    if (config->envelope == FILCH_ENVELOPE_AUTO && !fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        config->envelope =
            FILCH_ENVELOPE_NATIVE; /* without a look inside, nothing can be called raw */
    config->broker = config->broker ? config->broker : "memory:";
    config->width = config->width ? config->width : WIDTH;
    config->timeout = config->timeout ? config->timeout : TIMEOUT;
    config->retry = config->retry ? config->retry : &default_retry;
    config->deliveries = config->deliveries ? config->deliveries : DELIVERIES;
    config->result_ttl = config->result_ttl ? config->result_ttl : RESULT_TTL;
    return 0;
}

static void configure_buffer(filch_service *service, const fl_broker_kind *kind)
{
    filch_service_config *config = &service->config;
    unsigned least = config->buffer ? config->buffer : config->width, most = least;
    if (!config->buffer && kind->caps.commits && most < FL_AHEAD_MOST)
        most = FL_AHEAD_MOST;
    config->buffer = most;
    fl_ahead_init(&service->ahead, least, most, fl_service_now(service));
}

int fl_service_configure_for(filch_service *service, const fl_broker_kind *kind)
{
    configure_buffer(service, kind);
    int64_t most = kind->caps.lease_most ? kind->caps.lease_most : FILCH_FOREVER;
    int64_t lease = service->config.lease;
    if (lease > most)
        return filch_error_set(-EINVAL,
                               "lease of %" PRId64 " s is longer than the broker's (%" PRId64
                               " s); choose a shorter one",
                               lease / FILCH_SECOND, most / FILCH_SECOND);
    if (!lease)
        service->config.lease = most < LEASE ? most : LEASE;
    return 0;
}

/* ---- What probes show ---- */

#define RECENT (30 * FILCH_SECOND)

fl_service_health fl_service_health_read(filch_service *service)
{
    int64_t now = fl_service_now(service);
    pthread_mutex_lock(&service->lock);
    bool was_connected = service->seen.connected && now - service->connected_at <= RECENT;
    bool is_refused = service->busy_since && now - service->busy_since > RECENT;
    const fl_service_health health = {.turns = now - service->turned_at <= RECENT,
                                      .is_ready = was_connected && !is_refused && !service->stops};
    pthread_mutex_unlock(&service->lock);
    return health;
}

static void describe(const filch_service_job *job, fl_running *out)
{
    const filch_message *message = &job->message;
    snprintf(out->id, sizeof out->id, "%s", message->id ? message->id : "");
    snprintf(out->type, sizeof out->type, "%s", message->type);
    out->queue = message->queue;
    out->attempt = message->attempt;
    out->age = filch_service_job_age(job);
    out->since = filch_now() - job->began;
}

size_t fl_service_running_read(filch_service *service, fl_running *out, size_t room)
{
    size_t count = 0;
    pthread_mutex_lock(&service->lock);
    for (fl_list *at = service->active.next; at != &service->active && count < room; at = at->next)
        describe(FL_CONTAINER_OF(at, filch_service_job, over), &out[count++]);
    pthread_mutex_unlock(&service->lock);
    return count;
}
