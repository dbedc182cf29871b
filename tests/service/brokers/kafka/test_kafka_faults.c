/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8; first; long in asan
 *
 * Commits that Kafka refuses, and memory that is missing: no job is lost, and ends are not told early. */
#include <signal.h>
#include <tests/service/brokers/kafka/kafka_bench.h>

/* Kafka protocol, "Error Codes". */
enum { INVALID_COMMIT_OFFSET_SIZE = 28, GROUP_AUTHORIZATION_FAILED = 30 };

static const char options[] = KAFKA_BENCH "&ordering=yes";

static bool is_committed(fl_broker *consumer)
{
    fl_kafka *k = fl_kafka_of(consumer);
    for (size_t i = 0; i < k->part_count; i++)
        if (!fl_kafka_is_committed(k->parts[i]))
            return false;
    return true;
}

Test(kafka_faults, only_cease_and_close_await_commits)
{
    bench b = begin(options);
    fl_delivery *jobs[2];
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    for (unsigned i = 0; i < 2; i++)
        jobs[i] = next_of(&b, b.consumer);
    kafka_answer(KAFKA_COMMIT, INVALID_COMMIT_OFFSET_SIZE, 300, 1);
    bench_ack(&b, jobs[0]);
    cr_assert_not(is_committed(b.consumer));
    cr_assert_eq(b.kind->cease(b.consumer), FL_BROKER_OK);
    cr_assert(is_committed(b.consumer));
    cr_assert_eq(left(&b), 1);
    kafka_answer(KAFKA_COMMIT, INVALID_COMMIT_OFFSET_SIZE, 300, 1);
    bench_ack(&b, jobs[1]);
    cr_assert_not(is_committed(b.consumer));
    b.kind->close(b.consumer);
    cr_assert_eq(left(&b), 0);
    end(&b);
}

/* Each would run again if the server were gone. */
Test(kafka_faults, unanswered_commits_hold_up_jobs)
{
    bench b = begin(options);
    b.prefetch = 1;
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *job = next_of(&b, b.consumer);
    cr_assert_eq(kill(kafka.pid, SIGSTOP), 0);
    bench_ack(&b, job);
    cr_assert_not(fl_kafka_is_held_up(fl_kafka_of(b.consumer)));
    while (!fl_kafka_is_held_up(fl_kafka_of(b.consumer))) /* within the test's time */
        step();
    cr_assert_eq(kill(kafka.pid, SIGCONT), 0);
    bench_ack(&b, next_of(&b, b.consumer));
    b.kind->close(b.consumer);
    cr_assert_eq(left(&b), 0);
    end(&b);
}

/* Takes a job, and settles it when its commit gets such answers. Returns the result of the connection. */
static fl_broker_rc settle_refused(bench *b, int error, int count)
{
    fl_broker_rc rc;
    tried_call_timeout = 2 * FILCH_SECOND;
    fl_broker *consumer = consumer_of(b);
    fl_delivery *job = next_of(b, consumer);
    fl_settlement one = {.delivery = job, .status = 7};
    kafka_answer(KAFKA_COMMIT, error, 0, count);
    rc = b->kind->settle(consumer, &one, 1);
    cr_assert_eq(one.status, 0);
    while (!rc && !is_committed(consumer)) {
        step();
        rc = b->kind->turn(consumer);
    }
    bench_free(b, job);
    b->kind->close(consumer);
    return rc;
}

Test(kafka_faults, lasting_commit_refusal_loses_connection)
{
    bench b = begin(options);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(settle_refused(&b, INVALID_COMMIT_OFFSET_SIZE, 1000), FL_BROKER_LOST);
    cr_assert(strstr(explained, "cannot commit to Kafka"), "%s", explained);
    cr_assert_eq(left(&b), 1);
    end(&b);
}

Test(kafka_faults, briefly_refused_commit_is_resent)
{
    bench b = begin(options);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(settle_refused(&b, INVALID_COMMIT_OFFSET_SIZE, 3), FL_BROKER_OK);
    cr_assert_eq(left(&b), 0);
    end(&b);
}

Test(kafka_faults, commit_without_permission_fails_at_once)
{
    bench b = begin(options);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(settle_refused(&b, GROUP_AUTHORIZATION_FAILED, 1), FL_BROKER_REFUSED);
    cr_assert(strstr(explained, "Group authorization failed"), "%s", explained);
    end(&b);
}

/* ---- Memory ---- */

static unsigned refusals;

static fl_delivery *refuse_some(const fl_broker_host *host, const filch_message *message)
{
    if (!refusals)
        return beside_host.delivery(host, message);
    refusals--;
    return NULL;
}

Test(kafka_faults, message_without_memory_returns_in_order)
{
    bench b = begin(options);
    fl_broker_host host = beside_host;
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    host.delivery = refuse_some;
    b.consumer->host = &host;
    fl_kafka_of(b.consumer)->config.host = &host;
    refusals = 3;
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    for (unsigned i = 1; i <= 3; i++) {
        char id[8];
        fl_delivery *one = next_of(&b, b.consumer);
        snprintf(id, sizeof id, "%u", i);
        cr_assert_str_eq(one->message.id, id);
        bench_ack(&b, one);
    }
    cr_assert_eq(refusals, 0);
    b.kind->close(b.consumer);
    cr_assert_eq(left(&b), 0);
    end(&b);
}

/* ---- Order ---- */

Test(kafka_faults, keyed_job_waits_for_earlier_retry)
{
    const filch_header header = {FL_KEY_HEADER, "account-7"};
    const filch_message keyed = {.headers = &header, .header_count = 1};
    bench b = begin(options);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, keyed), 0);
    filch_message delayed = keyed;
    delayed.delay = FILCH_SECOND;
    cr_assert_eq(bench_publish(&b, delayed), -ENOTSUP);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *first = next_of(&b, b.consumer), *unordered = next_of(&b, b.consumer);
    cr_assert_str_eq(first->message.id, "1");
    cr_assert_str_eq(unordered->message.id, "4");
    bench_ack(&b, unordered);
    bench_settle(&b, (fl_settlement){.delivery = first, .verb = FL_SETTLE_RETRY, .attempt = 2});
    first = next_of(&b, b.consumer);
    cr_assert_str_eq(first->message.id, "1");
    cr_assert_eq(first->message.attempt, 2);
    cr_assert_null(bench_receive(&b), "the key is busy");
    bench_ack(&b, first);
    fl_delivery *second = next_of(&b, b.consumer);
    cr_assert_str_eq(second->message.id, "2");
    cr_assert_str_eq(fl_key_order_key(&second->message), "account-7");
    bench_ack(&b, second);
    b.kind->close(b.consumer);
    cr_assert_eq(left(&b), 0);
    end(&b);
}
