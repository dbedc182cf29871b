/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The connections of one claim about a broker, and steps that claims share. */
#ifndef SERVICE_BROKER_BENCH_H
#define SERVICE_BROKER_BENCH_H

#include <tests/service/service.h>

struct bench;

typedef struct tested_broker {
    const fl_broker_kind *kind;
    const char *(*fresh_url)(void); /* of a broker without messages */
    void (*pass)(int64_t ns);       /* lets that time go by */
    int64_t second; /* ns of a second in the claims, where a server has its own clock; 0: 1 s */
    bool counts_returns; /* a returned message has one delivery more */
    bool reads_ahead;    /* messages read ahead come before a returned one */
    bool merges_leases;  /* `count` does not tell leased messages from ready ones */
    bool merges_counts;  /* `count` does not tell delayed messages from others */
    size_t body_most;    /* bytes of the longest body that the server takes; 0: a MiB or more */
    bool foreign_type;   /* other programs have to name a type */
    void (*publish_foreign)(
        struct bench *b); /* FOREIGN_BODY to tasks, without the broker; NULL: only filch can */
} tested_broker;

static inline int64_t bench_second(const tested_broker *tested)
{
    return tested && tested->second ? tested->second : FILCH_SECOND;
}

/* The connections of one claim. */
typedef struct bench {
    const tested_broker *tested;
    const fl_broker_kind *kind;
    const char *url;
    fl_broker *consumer, *publisher, *admin;
    unsigned last_id;
    size_t body_most;  /* 0: FL_BODY_MOST */
    unsigned prefetch; /* 0: 1000 */
    int64_t lease;     /* 0: 30 seconds of the claims */
    bool brief;
} bench;

static inline fl_broker *bench_open_queues(const bench *b, fl_broker_role role,
                                           const char *const *queues, unsigned count)
{
    const fl_broker_config config = {.host = &beside_host,
                                     .role = role,
                                     .url = b->url,
                                     .queues = queues,
                                     .queue_count = count,
                                     .prefetch = b->prefetch ? b->prefetch : 1000,
                                     .lease = b->lease ? b->lease : 30 * bench_second(b->tested),
                                     .call_timeout = 10 * FILCH_SECOND,
                                     .body_most = b->body_most ? b->body_most : FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST,
                                     .client = "test",
                                     .brief = b->brief};
    fl_broker *broker = NULL;
    cr_assert_eq(b->kind->open(&broker, &config), FL_BROKER_OK);
    return broker;
}

static inline fl_broker *bench_open(const bench *b, fl_broker_role role)
{
    return bench_open_queues(b, role, test_queues, 3);
}

static inline bench bench_begin(const tested_broker *tested)
{
    bench b = {.tested = tested, .kind = tested->kind, .url = tested->fresh_url()};
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    return b;
}

static inline void bench_end(bench *b)
{
    b->kind->close(b->consumer);
    b->kind->close(b->publisher);
    b->kind->close(b->admin);
}

static inline int bench_publish(bench *b, filch_message message)
{
    char id[16];
    snprintf(id, sizeof id, "%u", ++b->last_id);
    message.id = message.id ? message.id : id;
    message.type = message.type ? message.type : "t";
    message.queue = message.queue ? message.queue : "tasks";
    message.attempt = 1;
    message.first_seen = beside_host.unix_time(&beside_host);
    fl_publication item = {.message = &message, .status = 7};
    cr_assert_eq(b->kind->publish(b->publisher, &item, 1), FL_BROKER_OK);
    return item.status;
}

static inline fl_delivery *bench_receive_by(bench *b, fl_broker *consumer, unsigned queue)
{
    fl_delivery *one = NULL;
    unsigned count = 7;
    if (b->kind->turn)
        cr_assert_eq(b->kind->turn(consumer), FL_BROKER_OK);
    cr_assert_eq(b->kind->receive(consumer, queue, &one, 1, &count), FL_BROKER_OK);
    cr_assert_leq(count, 1);
    return count ? one : NULL;
}

static inline fl_delivery *bench_receive(bench *b)
{
    return bench_receive_by(b, b->consumer, 0);
}

static inline void bench_free(bench *b, fl_delivery *one)
{
    if (one->handle && b->kind->release)
        b->kind->release(one->handle);
    free(one);
}

static inline int bench_settle_by(bench *b, fl_broker *consumer, fl_settlement one)
{
    one.status = 7;
    cr_assert_eq(b->kind->settle(consumer, &one, 1), FL_BROKER_OK);
    return one.status;
}

/* A trace that another program began, and the tracestate beside it; NULL: none. */
#define BENCH_TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static inline void bench_trace_is(const fl_delivery *one, const char *state)
{
    char text[FILCH_TRACEPARENT_TEXT] = "";
    const char *got = one->message.tracestate;
    filch_traceparent_format(&one->message.trace, text);
    cr_assert_str_eq(text, BENCH_TRACE);
    cr_assert_str_eq(got ? got : "none", state ? state : "none");
}

/* Settles it, and frees it. */
static inline void bench_settle(bench *b, fl_settlement one)
{
    cr_assert_eq(bench_settle_by(b, b->consumer, one), 0);
    bench_free(b, one.delivery);
}

static inline void bench_ack(bench *b, fl_delivery *delivery)
{
    bench_settle(b, (fl_settlement){.delivery = delivery, .verb = FL_SETTLE_ACK});
}

/* The next message has this id, and is done. */
static inline void bench_next_is(bench *b, const char *id)
{
    fl_delivery *one = bench_receive(b);
    cr_assert(one && strcmp(one->message.id, id) == 0, "%s instead of %s",
              one ? one->message.id : "none", id);
    bench_ack(b, one);
}

static inline void bench_is_empty(bench *b)
{
    fl_delivery *one = bench_receive(b);
    cr_assert_null(one, "%s is left", one ? one->message.id : "");
}

/* No message comes within a second after `since`. False: that second was over before it could be seen, beside a server whose
 * clock goes on; then the message that came is done. */
static inline bool bench_stays_empty(bench *b, int64_t since)
{
    fl_delivery *early = bench_receive(b);
    if (!early)
        return true;
    cr_assert_geq(filch_now() - since, bench_second(b->tested), "%s is left", early->message.id);
    bench_ack(b, early);
    return false;
}

/* Settles the next message for a retry after a second, before which it does not come; false: as above. */
static inline bool bench_retries_later(bench *b)
{
    int64_t since = filch_now();
    bench_settle(b, (fl_settlement){.delivery = bench_receive(b),
                                    .verb = FL_SETTLE_RETRY,
                                    .attempt = 4,
                                    .delay = bench_second(b->tested)});
    return bench_stays_empty(b, since);
}

#endif
