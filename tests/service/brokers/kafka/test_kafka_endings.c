/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 9; long in default
 *
 * Errors of Kafka that end a connection, or a job's place in it: each is told, and none holds up what is fine. */
#include <poll.h>
#include <signal.h>
#include <tests/service/brokers/kafka/kafka_bench.h>

/* Kafka protocol, "API Keys" and "Error Codes". */
enum { PRODUCE = 0, FIND_COORDINATOR = 10, JOIN_GROUP = 11 };
enum { MESSAGE_TOO_LARGE = 10, TOPIC_AUTHORIZATION_FAILED = 29, GROUP_AUTHORIZATION_FAILED = 30 };

static bench begin_hasty(const char *options)
{
    tried_call_timeout = 2 * FILCH_SECOND;
    return begin(options);
}

static char last_id[16];

static void end_one(bench *b, fl_broker *consumer)
{
    fl_settlement one = {.delivery = next_of(b, consumer)};
    snprintf(last_id, sizeof last_id, "%s", one.delivery->message.id);
    cr_assert_eq(b->kind->settle(consumer, &one, 1), FL_BROKER_OK);
    bench_free(b, one.delivery);
}

Test(kafka_endings, close_survives_commit_to_stalled_server)
{
    bench b = begin_hasty(KAFKA_BENCH);
    fl_broker *consumer = consumer_of(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *job = next_of(&b, consumer);
    cr_assert_eq(kill(kafka.pid, SIGSTOP), 0);
    fl_settlement one = {.delivery = job};
    cr_assert_eq(b.kind->settle(consumer, &one, 1), FL_BROKER_OK);
    bench_free(&b, job);
    b.kind->close(consumer); /* within the test's time */
    cr_assert_eq(kill(kafka.pid, SIGCONT), 0);
    end(&b);
}

/* As after a moment without any server. librdkafka 2.0.2 would wait for the answer forever. */
Test(kafka_endings, connections_end_before_assignments_are_answered)
{
    bench b = begin_hasty(KAFKA_BENCH);
    fl_broker *consumer = consumer_of(&b);
    fl_kafka *k = fl_kafka_of(consumer);
    struct pollfd assigned = {.fd = k->wake, .events = POLLIN};
    cr_assert_eq(poll(&assigned, 1, -1), 1);
    k->down_since = fl_kafka_now(k);
    b.kind->close(consumer); /* within the test's time */
    end(&b);
}

/* The answer is chosen first: a consumer joins as soon as it is there. */
Test(kafka_endings, joining_without_permission_is_refused)
{
    bench b = begin_hasty(KAFKA_BENCH);
    fl_delivery *one;
    unsigned count;
    fl_broker_rc rc;
    kafka_answer(JOIN_GROUP, GROUP_AUTHORIZATION_FAILED, 0, 1000);
    fl_broker *consumer = consumer_of(&b);
    while (!(rc = b.kind->receive(consumer, 0, &one, 1, &count)))
        step();
    cr_assert_eq(rc, FL_BROKER_REFUSED);
    cr_assert(strstr(explained, "cannot receive from Kafka"), "%s", explained);
    b.kind->close(consumer);
    end(&b);
}

Test(kafka_endings, finished_jobs_commit_despite_refused_copies)
{
    bench b = begin_hasty(KAFKA_BENCH);
    fl_settlement two[2] = {{.verb = FL_SETTLE_ACK}, {.verb = FL_SETTLE_DEAD}};
    fl_broker *consumer = consumer_of(&b);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    for (unsigned i = 0; i < 2; i++)
        two[i].delivery = next_of(&b, consumer);
    kafka_answer(PRODUCE, TOPIC_AUTHORIZATION_FAILED, 0, 1000);
    cr_assert_neq(b.kind->settle(consumer, two, 2), FL_BROKER_OK);
    cr_assert(strstr(explained, "cannot publish to Kafka"), "%s", explained);
    cr_assert_eq(two[0].status, 0);
    cr_assert_neq(two[1].status, 0);
    for (unsigned i = 0; i < 2; i++)
        bench_free(&b, two[i].delivery);
    b.kind->close(consumer);
    cr_assert_eq(left(&b), 1, "the refused one comes again");
    end(&b);
}

Test(kafka_endings, refused_retries_wait_in_their_places)
{
    bench b = begin_hasty(KAFKA_BENCH);
    fl_broker *consumer = consumer_of(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = next_of(&b, consumer), *none;
    unsigned count;
    kafka_answer(PRODUCE, MESSAGE_TOO_LARGE, 0, 1);
    fl_settlement late = {.delivery = one,
                          .verb = FL_SETTLE_RETRY,
                          .attempt = 2,
                          .delay = 60 * FILCH_SECOND};
    cr_assert_eq(b.kind->settle(consumer, &late, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(late.status, 0);
    bench_free(&b, one);
    cr_assert_eq(b.kind->receive(consumer, 0, &none, 1, &count), FL_BROKER_OK);
    cr_assert_eq(count, 0);
    cr_assert_eq(left(&b), 1);
    filch_u64_add(&test_time, 60 * FILCH_SECOND, FILCH_RELAXED);
    one = next_of(&b, consumer);
    cr_assert_eq(one->message.attempt, 2);
    kafka_answer(PRODUCE, MESSAGE_TOO_LARGE, 0, 1);
    fl_settlement dead = {.delivery = one, .verb = FL_SETTLE_DEAD};
    cr_assert_eq(b.kind->settle(consumer, &dead, 1), FL_BROKER_OK);
    cr_assert_eq(dead.status, -ESTALE);
    bench_free(&b, one);
    b.kind->close(consumer);
    cr_assert_eq(left(&b), 1, "it stays");
    end(&b);
}

Test(kafka_endings, message_exceeding_client_queue_is_refused)
{
    static char body[2 << 20];
    bench b = begin_hasty(KAFKA_BENCH "&queue.buffering.max.kbytes=1000");
    cr_assert_eq(bench_publish(&b, (filch_message){.body = body, .body_size = sizeof body}),
                 -EMSGSIZE);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    end(&b);
}

/* The stand-in cannot cut a log: the window is told of more offsets than there are. */
Test(kafka_endings, shortened_log_is_read_from_start)
{
    bench b = begin_hasty(KAFKA_BENCH);
    fl_broker *consumer = consumer_of(&b);
    fl_kafka *k = fl_kafka_of(consumer);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *before = next_of(&b, consumer);
    fl_kafka_part *part = fl_kafka_part_named(k, "tasks", 0);
    part->window.next = 1000;
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *after = next_of(&b, consumer);
    fl_settlement late = {.delivery = before}, one = {.delivery = after};
    cr_assert_eq(b.kind->settle(consumer, &late, 1), FL_BROKER_OK);
    cr_assert_eq(late.status, -ESTALE);
    cr_assert_eq(b.kind->settle(consumer, &one, 1), FL_BROKER_OK);
    cr_assert_eq(one.status, 0);
    bench_free(&b, before);
    bench_free(&b, after);
    b.kind->close(consumer);
    cr_assert_eq(left(&b), 0);
    end(&b);
}

/* Jobs of tasks.retry: one for later, and three that run at once. */
Test(kafka_endings, stop_commits_jobs_behind_delayed_one)
{
    bench b = begin_hasty(KAFKA_BENCH);
    fl_broker *consumer = consumer_of(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "later", .delay = 3600 * FILCH_SECOND}),
                 0);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = 1}), 0);
    for (unsigned i = 0; i < 3; i++)
        end_one(&b, consumer);
    cr_assert_eq(b.kind->cease(consumer), FL_BROKER_OK, "%s", explained);
    b.kind->close(consumer);
    cr_assert_eq(left(&b), 1);
    filch_u64_add(&test_time, 3600 * FILCH_SECOND, FILCH_RELAXED);
    consumer = consumer_of(&b);
    end_one(&b, consumer);
    cr_assert_str_eq(last_id, "later");
    cr_assert_eq(b.kind->cease(consumer), FL_BROKER_OK);
    b.kind->close(consumer);
    cr_assert_eq(left(&b), 0);
    end(&b);
}

/* More of them than one delayed job may keep back while the service runs. */
Test(kafka_endings, delayed_job_moves_behind_finished_ones)
{
    enum { MANY = 150 };
    bench b = begin_hasty(KAFKA_BENCH);
    fl_broker *consumer = consumer_of(&b);
    fl_kafka *k = fl_kafka_of(consumer);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "later", .delay = 3600 * FILCH_SECOND}),
                 0);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = 1}), 0);
    for (unsigned i = 0; i < MANY; i++)
        end_one(&b, consumer);
    const fl_kafka_part *part = fl_kafka_part_named(k, "tasks.retry", 0);
    for (fl_delivery *one; fl_kafka_window_size(&part->window) > 1 || part->committed < MANY;
         step()) {
        cr_assert_eq(b.kind->turn(consumer), FL_BROKER_OK, "%s", explained);
        one = bench_receive_by(&b, consumer, 0);
        cr_assert_null(one);
    }
    b.kind->close(consumer);
    cr_assert_eq(left(&b), 1);
    end(&b);
}
