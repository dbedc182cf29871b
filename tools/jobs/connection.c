/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "connection.h"

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/message.h>
#include <runtime/service/modules.h>
#include <runtime/service/program/sources.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int64_t CALL_TIMEOUT = 10 * FILCH_SECOND;
static const int64_t LEASE = 20 * FILCH_SECOND; /* a batch is answered after two calls at most */
static const long BUSY_PAUSE = 20 * FILCH_MILLISECOND;

/* ---- The host of the broker ---- */

static int64_t host_now(const fl_broker_host *host)
{
    (void)host;
    return filch_now();
}

static int64_t host_unix_time(const fl_broker_host *host)
{
    struct timespec now;
    (void)host;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

static fl_delivery *host_delivery(const fl_broker_host *host, const filch_message *message)
{
    (void)host;
    fl_delivery *one = malloc(sizeof *one + fl_message_room(message));
    if (!one)
        return NULL;
    *one = (fl_delivery){0};
    fl_message_copy(&one->message, message, one + 1);
    return one;
}

static void host_drop(const fl_broker_host *host, fl_delivery *delivery)
{
    (void)host;
    free(delivery);
}

FILCH_PRINTF(3, 4)
static fl_broker_rc host_explain(const fl_broker_host *host, fl_broker_rc rc, const char *format,
                                 ...)
{
    jobs_connection *c = (jobs_connection *)(uintptr_t)host;
    va_list list;
    va_start(list, format);
    vsnprintf(c->explained, sizeof c->explained, format, list);
    va_end(list);
    return rc;
}

static void host_log(const fl_broker_host *host, filch_log_level level, const char *message)
{
    const jobs_connection *c = (const jobs_connection *)(uintptr_t)host;
    if (level >= FILCH_LOG_WARN)
        fprintf(stderr, "%s: %s\n", c->options->command, message);
}

/* ---- Results ---- */

bool jobs_again(jobs_connection *c, fl_broker_rc rc)
{
    int64_t now = filch_now();
    if (rc == FL_BROKER_BUSY && !c->busy_until)
        c->busy_until = now + CALL_TIMEOUT;
    if (rc == FL_BROKER_BUSY && now < c->busy_until) {
        nanosleep(&(struct timespec){.tv_nsec = BUSY_PAUSE}, NULL);
        return true;
    }
    c->busy_until = 0;
    return false;
}

int jobs_status(const jobs_connection *c, fl_broker_rc rc)
{
    if (rc == FL_BROKER_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", c->options->command,
            *c->explained ? c->explained : "the broker gave no reason");
    return rc == FL_BROKER_FATAL ? JOBS_USAGE : JOBS_REFUSED;
}

/* ---- Life ---- */

/* How to connect: as in fl_broker_config. */
typedef struct jobs_way {
    fl_broker_role role;
    unsigned prefetch;
    bool brief, reads;
} jobs_way;

static fl_broker_config configure(jobs_connection *c, const jobs_way *way)
{
    int64_t most = c->kind->caps.lease_most ? c->kind->caps.lease_most : FILCH_FOREVER;
    return (fl_broker_config){.host = &c->host,
                              .role = way->role,
                              .url = c->options->broker,
                              .queues = &c->queue,
                              .queue_count = 1,
                              .prefetch = way->prefetch,
                              .lease = most < LEASE ? most : LEASE,
                              .call_timeout = CALL_TIMEOUT,
                              .body_most = FL_BODY_MOST,
                              .header_most = FL_HEADERS_MOST,
                              .client = "filch-jobs",
                              .brief = way->brief,
                              .reads = way->reads};
}

static int connect_as(jobs_connection *c, const jobs_options *o, const char *queue,
                      const jobs_way *way)
{
    fl_broker_rc rc;
    *c = (jobs_connection){.host = {FL_BROKER_ABI, host_now, host_unix_time, host_delivery,
                                    host_drop, host_explain, host_log},
                           .options = o,
                           .kind = fl_broker_of(o->broker),
                           .queue = queue};
    if (!c->kind || fl_broker_check(environ, o->broker != jobs_broker_unnamed))
        return jobs_usage(o, "%s", filch_error());
    if (strcmp(c->kind->name, "memory") == 0 && !o->consume)
        return jobs_usage(o,
                          "broker '%s' keeps its jobs in the memory of one process, and this "
                          "command is another process (valid: a broker that processes share, such "
                          "as sqlite:jobs.db)",
                          o->broker);
    if (!jobs_is_queue_name(queue)) /* others have been checked */
        return jobs_usage(
            o, "QUEUE_NAME '%s' has a blank or a control character (allowed: all others)", queue);
    c->config = configure(c, way);
    do
        rc = c->kind->open(&c->broker, &c->config);
    while (jobs_again(c, rc));
    if (rc != FL_BROKER_OK)
        return jobs_status(c, rc);
    c->caps = c->kind->caps;
    if (c->kind->caps_of)
        c->kind->caps_of(c->broker, &c->caps);
    return 0;
}

int jobs_connect(jobs_connection *c, const jobs_options *o, fl_broker_role role, const char *queue,
                 unsigned prefetch)
{
    return connect_as(c, o, queue, &(jobs_way){.role = role, .prefetch = prefetch});
}

int jobs_connect_briefly(jobs_connection *c, const jobs_options *o, const char *queue,
                         unsigned prefetch)
{
    return connect_as(c, o, queue,
                      &(jobs_way){.role = FL_BROKER_CONSUMES, .prefetch = prefetch, .brief = true});
}

int jobs_connect_to_read(jobs_connection *c, const jobs_options *o, const char *queue)
{
    return connect_as(c, o, queue,
                      &(jobs_way){.role = FL_BROKER_ADMINISTERS, .prefetch = 1, .reads = true});
}

void jobs_disconnect(jobs_connection *c)
{
    if (c->broker)
        c->kind->close(c->broker);
    c->broker = NULL;
}

/* ---- Capabilities ---- */

int jobs_unsupported(const jobs_connection *c, const char *lacks)
{
    fprintf(stderr, "%s: not supported by %s: the broker has no %s\n", c->options->command,
            c->kind->name, lacks);
    return JOBS_UNSUPPORTED;
}

int jobs_check_needs(const jobs_connection *c, unsigned needs)
{
    const struct {
        unsigned bit;
        bool has;
        const char *name;
    } all[] = {
        {JOBS_NEEDS_COUNT, c->caps.counts && c->kind->count, "count of its jobs"},
        {JOBS_NEEDS_PEEK, c->caps.peek && c->kind->peek, "peek"},
        {JOBS_NEEDS_CANCEL, c->caps.cancel && c->kind->cancel, "cancel"},
        {JOBS_NEEDS_PAUSE, c->caps.pause && c->kind->pause, "pause"},
        {JOBS_NEEDS_RECORDS, c->caps.records && c->kind->record, "records of jobs"},
    };
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if ((needs & all[i].bit) && !all[i].has)
            return jobs_unsupported(c, all[i].name);
    return 0;
}

int jobs_check_message(const jobs_connection *c, const filch_message *message)
{
    const struct {
        bool asked, has;
        const char *name;
    } all[] = {
        {message->priority, c->caps.priority, "priorities"},
        {message->delay, c->caps.delay, "delays"},
        {message->dedup, c->caps.dedup, "keys against duplicates (dedup)"},
        {message->dedup_for, c->caps.remembers, "keys that stay taken (dedup-for)"},
        {message->expires, c->caps.expiry, "expiry"},
    };
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].asked && !all[i].has)
            return jobs_unsupported(c, all[i].name);
    return 0;
}
