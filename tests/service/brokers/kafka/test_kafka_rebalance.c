/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 6; long; timeout 600 (it waits for its groups, three seconds each time with the stand-in)
 *
 * Partitions of Kafka move between connections without loss, and nothing is committed early. */
#include <errno.h>
#include <filch/timer.h>
#include <runtime/service/brokers/kafka/kafka.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/kafka/kafka.h>
#include <time.h>

static const char *const topics[] = {"tasks=4",           "tasks.retry=1",   "tasks.dlq=1",
                                     "second=1",          "second.retry=1",  "second.dlq=1",
                                     "tasks.dlq.retry=1", "tasks.dlq.dlq=1", NULL};
enum { ALL = 200, MEMBERS = 2, RUNNING = 8, PUBLISHED_MOST = 100000, SECOND = 2 };

/* The service's clock passes by steps, so that a test that stands still exceeds no limit. */
static void turn_clock(void)
{
    const struct timespec step = {0, FILCH_MILLISECOND};
    nanosleep(&step, NULL);
    filch_u64_store(&test_time, (uint64_t)(test_clock(NULL) + FILCH_MILLISECOND), FILCH_RELEASE);
}

static bench begin(void)
{
    kafka_start(topics);
    bench b = {.kind = &fl_broker_kafka,
               .url = kafka_url("?session.timeout.ms=6000&heartbeat.interval.ms=300&"
                                "fetch.wait.max.ms=20")};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < ALL; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    return b;
}

static fl_delivery *next_of(bench *b, fl_broker *consumer)
{
    turn_clock();
    return bench_receive_by(b, consumer, 0);
}

static uint64_t left(bench *b)
{
    fl_broker_count count;
    cr_assert_eq(b->kind->count(b->admin, 0, &count), FL_BROKER_OK);
    return fl_broker_count_unfinished(&count);
}

static bool has_paused(const fl_kafka *k)
{
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i]->is_paused)
            return true;
    return false;
}

/* A consumer that always has some jobs running. */
typedef struct member {
    fl_broker *broker;
    fl_delivery *running[RUNNING];
    unsigned count, settled;
} member;

static void settle_oldest(bench *b, member *m)
{
    bench_settle_by(b, m->broker, (fl_settlement){.delivery = m->running[0]});
    bench_free(b, m->running[0]);
    memmove(m->running, m->running + 1, --m->count * sizeof *m->running);
    m->settled++;
}

/* Messages that came in one run of the claim below. */
typedef struct record {
    bool seen[PUBLISHED_MOST];
    bool is_repeated;
} record;

/* Receives a message, if there is one. Jobs end one by one. None comes again, unless the log has told so: the
 * mock cluster refuses commits during a rebalance, and it rebalances once more when the leader of the group is
 * the first that synchronizes. */
static bool run_next(bench *b, member *m, record *r)
{
    fl_delivery *one = next_of(b, m->broker);
    if (m->count == RUNNING || (!one && m->count))
        settle_oldest(b, m);
    if (!one)
        return false;
    unsigned id = (unsigned)atoi(one->message.id) - 1;
    cr_assert(!r->seen[id] || filch_u64_load(&told_repetitions, FILCH_ACQUIRE),
              "message %u comes again", id + 1);
    r->is_repeated |= r->seen[id];
    m->running[m->count++] = one;
    return r->seen[id] = true;
}

static void take_over(record *r)
{
    filch_u64_store(&told_repetitions, 0, FILCH_RELEASE);
    bench b = begin();
    member members[MEMBERS] = {{.broker = b.consumer}, {.broker = NULL}};
    while (!run_next(&b, &members[0], r))
        ;
    members[1].broker = bench_open(&b, FL_BROKER_CONSUMES);
    while (members[1].settled < ALL) { /* there are jobs before, during and after the rebalance */
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        cr_assert_lt(b.last_id, PUBLISHED_MOST);
        for (unsigned i = 0; i < MEMBERS; i++)
            run_next(&b, &members[i], r);
    }
    while (left(&b))
        for (unsigned i = 0; i < MEMBERS; i++)
            run_next(&b, &members[i], r);
    for (unsigned i = 0; i < b.last_id; i++)
        cr_assert(r->seen[i], "message %u is lost", i + 1);
    b.kind->close(members[1].broker);
    bench_end(&b);
}

Test(kafka_rebalance, takeover_neither_loses_nor_repeats_jobs, .timeout = 240)
{
    static record runs[6];
    unsigned run = 0;
    do {
        cr_assert_lt(run, sizeof runs / sizeof *runs, "each run repeats jobs");
        take_over(&runs[run]);
    } while (runs[run++].is_repeated);
}

/* Until nothing is left. */
static void run_all(bench *b)
{
    while (left(b)) {
        fl_delivery *one = next_of(b, b->consumer);
        if (one)
            bench_ack(b, one);
    }
}

/* It was paused while it was given away. */
Test(kafka_rebalance, regained_partition_resumes_delivery)
{
    bench b = begin();
    run_all(&b);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    while (!fl_kafka_of(other)->part_count) {
        cr_assert_null(next_of(&b, b.consumer));
        cr_assert_null(next_of(&b, other));
    }
    b.kind->close(other);
    for (unsigned i = 0; i < ALL; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    run_all(&b);
    bench_end(&b);
}

Test(kafka_rebalance, unfinished_job_blocks_commit_and_repeats)
{
    fl_delivery *batch[ALL];
    unsigned got = 0, count;
    bench b = begin();
    while (got < ALL) {
        turn_clock();
        cr_assert_eq(b.kind->receive(b.consumer, 0, batch + got, ALL - got, &count), FL_BROKER_OK);
        got += count;
    }
    char first[16];
    snprintf(first, sizeof first, "%s", batch[0]->message.id);
    for (unsigned i = 1; i < ALL; i++)
        bench_ack(&b, batch[i]);
    cr_assert_geq(left(&b), 1);
    b.kind->close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    fl_delivery *again;
    while (!(again = next_of(&b, b.consumer)))
        ;
    cr_assert_str_eq(again->message.id, first);
    bench_ack(&b, again);
    cr_assert_eq(bench_settle_by(&b, b.consumer, (fl_settlement){.delivery = batch[0]}), -ESTALE,
                 "of a connection that is gone");
    bench_free(&b, batch[0]);
    while (left(&b)) {
        if ((again = next_of(&b, b.consumer)))
            bench_ack(&b, again);
    }
    bench_end(&b);
}

Test(kafka_rebalance, broken_connections_lose_nothing)
{
    static bool seen[ALL];
    bench b = begin();
    for (unsigned done = 0; done < ALL;) {
        fl_delivery *one = next_of(&b, b.consumer);
        if (!one)
            continue;
        unsigned id = (unsigned)atoi(one->message.id) - 1;
        done += !seen[id];
        seen[id] = true;
        if (done % 40 == 0)
            kafka_disconnect();
        bench_ack(&b, one);
    }
    while (left(&b)) {
        fl_delivery *again = next_of(&b, b.consumer);
        if (again)
            bench_ack(&b, again);
    }
    bench_end(&b);
}

Test(kafka_rebalance, job_outlasting_revocation_ends_stale)
{
    fl_delivery *jobs[ALL], *again = NULL;
    unsigned got = 0, count;
    bench b = begin();
    while (got < ALL) {
        turn_clock();
        cr_assert_eq(b.kind->receive(b.consumer, 0, jobs + got, ALL - got, &count), FL_BROKER_OK);
        got += count;
    }
    fl_broker *second = bench_open(&b, FL_BROKER_CONSUMES);
    while (!again) {
        cr_assert_eq(b.kind->turn(b.consumer), FL_BROKER_OK);
        again = next_of(&b, second);
    }
    int status = 0;
    for (unsigned i = 0; i < ALL; i++) {
        bool is_taken = strcmp(jobs[i]->message.id, again->message.id) == 0;
        int one = bench_settle_by(&b, b.consumer, (fl_settlement){.delivery = jobs[i]});
        cr_assert(one == 0 || one == -ESTALE);
        status = is_taken ? one : status;
        bench_free(&b, jobs[i]);
    }
    cr_assert_eq(status, -ESTALE);
    bench_free(&b, again);
    b.kind->close(second);
    bench_end(&b);
}

/* The longest time between two polls is 4 s here. */
Test(kafka_rebalance, full_service_pauses_but_keeps_partitions)
{
    static bool seen[ALL + 1];
    kafka_start(topics);
    bench b = {.kind = &fl_broker_kafka,
               .prefetch = 10,
               .url = kafka_url("?session.timeout.ms=4000&max.poll.interval.ms=4000&"
                                "heartbeat.interval.ms=300&fetch.wait.max.ms=20")};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    const fl_kafka *k = fl_kafka_of(b.consumer);
    for (unsigned i = 0; i < ALL; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.queue = "second"}), 0);
    int64_t since = 0;
    while (!since || filch_now() - since < 6 * FILCH_SECOND) { /* no room: only turns */
        turn_clock();
        cr_assert_eq(b.kind->turn(b.consumer), FL_BROKER_OK);
        if (!since && has_paused(k))
            since = filch_now();
    }
    cr_assert(has_paused(k));
    for (unsigned done = 0; done < ALL; done++) {
        fl_delivery *one;
        do
            turn_clock();
        while (!(one = bench_receive_by(&b, b.consumer, SECOND)));
        unsigned id = (unsigned)atoi(one->message.id);
        cr_assert_not(seen[id], "message %u comes again", id);
        seen[id] = true;
        bench_ack(&b, one);
    }
    cr_assert_not(has_paused(k));
    bench_end(&b);
}
