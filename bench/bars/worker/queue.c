/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "queue.h"

#include "../measure.h"

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/message.h>
#include <runtime/service/modules.h>

#include <stdarg.h>

enum { BATCH = 100, TRIES = 5000 /* a millisecond each */ };

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "cannot %s: %s\n", doing, why);
    exit(2);
}

/* ---- The host of the broker. It receives nothing, so it makes no deliveries ---- */

static int64_t host_now(const fl_broker_host *host)
{
    return filch_now();
}

static int64_t host_unix_time(const fl_broker_host *host)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

FILCH_PRINTF(3, 4)
static fl_broker_rc host_explain(const fl_broker_host *host, fl_broker_rc rc, const char *format,
                                 ...)
{
    va_list list;
    const bar_queue *q = (const void *)host;
    if (q->is_quiet)
        return rc;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    return rc;
}

static void host_log(const fl_broker_host *host, filch_log_level level, const char *message)
{
    if (level >= FILCH_LOG_ERROR) /* a server of a bar may be less durable than one in use */
        fprintf(stderr, "%s\n", message);
}

/* ---- Life ---- */

static fl_broker *try_as(bar_queue *q, fl_broker_role role, const char *url)
{
    fl_broker *broker = NULL;
    const fl_broker_config config = {.host = &q->host,
                                     .role = role,
                                     .url = url,
                                     .queues = &q->name,
                                     .queue_count = 1,
                                     .prefetch = 1,
                                     .lease = 30 * FILCH_SECOND,
                                     .call_timeout = 30 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST,
                                     .client = "filch-bars"};
    q->kind->open(&broker, &config);
    return broker;
}

static fl_broker *connect_as(bar_queue *q, fl_broker_role role, const char *url)
{
    fl_broker *broker = try_as(q, role, url);
    if (!broker)
        die("connect to", url);
    return broker;
}

static void prepare(bar_queue *q, const char *url)
{
    *q = (bar_queue){.host = {.abi = FL_BROKER_ABI,
                              .now = host_now,
                              .unix_time = host_unix_time,
                              .explain = host_explain,
                              .log = host_log},
                     .name = BAR_QUEUE,
                     .kind = fl_broker_of(url)};
    if (!q->kind)
        die("find a broker", filch_error());
}

void bar_queue_open(bar_queue *q, const char *url)
{
    prepare(q, url);
    q->publisher = connect_as(q, FL_BROKER_PUBLISHES, url);
    q->counter = connect_as(q, FL_BROKER_ADMINISTERS, url);
}

void bar_queue_close(bar_queue *q)
{
    q->kind->close(q->publisher);
    q->kind->close(q->counter);
}

/* ---- Messages ---- */

static void publish_some(bar_queue *q, filch_message *messages, unsigned count)
{
    char ids[BATCH][FL_ID_BYTES];
    fl_publication batch[BATCH];
    for (unsigned i = 0; i < count; i++) {
        messages[i].queue = q->name;
        messages[i].attempt = 1;
        messages[i].first_seen = host_unix_time(&q->host);
        if (!messages[i].id) {
            fl_message_random_id(ids[i]);
            messages[i].id = ids[i];
        }
        batch[i] = (fl_publication){.message = &messages[i]};
    }
    fl_broker_rc rc = q->kind->publish(q->publisher, batch, count);
    for (unsigned i = 0; i < count; i++)
        if (rc || batch[i].status)
            die("publish", strerror(-batch[i].status));
}

void bar_queue_publish(bar_queue *q, filch_message *messages, unsigned count)
{
    for (unsigned from = 0; from < count; from += BATCH)
        publish_some(q, messages + from, count - from < BATCH ? count - from : BATCH);
}

bool bar_queue_try(const char *url, filch_message message, double *connected)
{
    bar_queue q;
    fl_publication one = {.message = &message};
    prepare(&q, url);
    q.is_quiet = true;
    q.name = message.queue;
    q.publisher = try_as(&q, FL_BROKER_PUBLISHES, url);
    if (!q.publisher)
        return false;
    if (*connected <= 0)
        *connected = measure_now();
    message.attempt = 1;
    message.first_seen = host_unix_time(&q.host);
    fl_broker_rc rc = q.kind->publish(q.publisher, &one, 1);
    q.kind->close(q.publisher);
    return rc == FL_BROKER_OK && one.status == 0;
}

void bar_queue_fill(bar_queue *q, const filch_message *message, long count)
{
    filch_message batch[BATCH];
    for (long from = 0; from < count; from += BATCH) {
        unsigned most = count - from < BATCH ? (unsigned)(count - from) : BATCH;
        for (unsigned i = 0; i < most; i++)
            batch[i] = *message;
        bar_queue_publish(q, batch, most);
    }
}

/* Messages that are not finished. */
static long left(bar_queue *q)
{
    fl_broker_count count;
    if (!q->kind->caps.counts) /* the runs are counted, and no more */
        return 0;
    if (q->kind->count(q->counter, 0, &count))
        die("count", q->name);
    if (count.dead)
        die("run the jobs", "some became dead letters");
    return (long)fl_broker_count_unfinished(&count);
}

void bar_queue_check_empty(bar_queue *q)
{
    for (int tries = 0; left(q); tries++) {
        if (tries == TRIES)
            die("run the jobs", "some are left");
        measure_sleep(0.001);
    }
}
