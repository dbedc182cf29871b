/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The messages of a server after a settlement by a copy (runtime/service/copy.h) that is broken off: claims about each
 * broker that has a transport. Its calls go to the server. A fault hides their result, withholds one, or lets time go by
 * between two. It comes to two messages, then to two more, twice to each where leases outlive connections: again in the
 * settlement that repeats the first. */
#ifndef SERVICE_BROKER_COPIES_H
#define SERVICE_BROKER_COPIES_H

#include <tests/service/broker_bench.h>

typedef enum copies_fault {
    COPIES_UNCONFIRMED, /* the connection breaks before the confirmation: the server may have the copy */
    COPIES_UNANSWERED, /* the connection breaks between the copy and the answer to the original */
    COPIES_LATE        /* the lease ends between the two */
} copies_fault;

/* Between copy.c and the broker. */
static struct {
    const tested_broker *tested;
    fl_broker_kind kind;
    fl_transport transport;
    copies_fault fault;
    unsigned left;  /* faults that have not come */
    bool arrives;   /* the copy whose confirmation is the last to be lost */
    unsigned calls; /* of publish: 0 where the broker needs no copy */
} play;

static inline bool copies_fails(copies_fault fault)
{
    return play.fault == fault && play.left && play.left--;
}

static inline fl_broker_rc copies_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    bool is_unconfirmed = copies_fails(COPIES_UNCONFIRMED);
    fl_broker_rc rc = FL_BROKER_OK;
    play.calls++;
    if (!is_unconfirmed || (play.arrives && !play.left))
        rc = play.tested->kind->publish(broker, batch, count);
    if (copies_fails(COPIES_LATE))
        play.tested->pass(31 * bench_second(play.tested));
    for (unsigned i = 0; i < count && is_unconfirmed; i++)
        batch[i].status = -EAGAIN;
    return is_unconfirmed ? FL_BROKER_LOST : rc;
}

static inline fl_broker_rc copies_answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    bool has_copy = false;
    for (unsigned i = 0; i < count; i++)
        has_copy |= batch[i].delivery->copied;
    return has_copy && copies_fails(COPIES_UNANSWERED)
               ? FL_BROKER_LOST
               : play.tested->kind->transport->answer(broker, batch, count);
}

static inline void copies_connect(bench *b)
{
    b->consumer = bench_open(b, FL_BROKER_CONSUMES);
    b->consumer->kind = &play.kind;
}

/* As a service does it: a lost connection is made again, and what is not settled is settled again. */
static inline void copies_settle(bench *b, fl_settlement one)
{
    for (unsigned tries = 0; tries < 4; tries++) {
        one.status = 7;
        if (b->kind->settle(b->consumer, &one, 1) != FL_BROKER_LOST)
            break;
        cr_assert_eq(one.status, -EAGAIN);
        b->kind->close(b->consumer);
        copies_connect(b);
    }
    cr_assert(one.status == 0 || one.status == -ESTALE, "%d", one.status);
    cr_assert(play.left == 0 || !play.calls, "%u faults did not come", play.left);
    bench_free(b, one.delivery);
}

/* One message is to be retried, one is to be a dead letter. */
typedef struct copies_pair {
    unsigned first;         /* id of the one for a retry; the other has the next */
    unsigned as_settled[2]; /* deliveries with the fields of the settlement */
    unsigned deliveries[2]; /* all after the settlements */
    unsigned ended[2]; /* of these; the others' leases had ended before they were acknowledged */
} copies_pair;

/* Ends all messages. */
static inline void copies_drain(bench *b, copies_pair *pair)
{
    for (unsigned queue = 0; queue < 2; queue++)
        for (fl_delivery *one; (one = bench_receive_by(b, b->consumer, queue));) {
            const char *reason = filch_message_header(&one->message, "x-dlq-reason");
            unsigned which = (unsigned)atoi(one->message.id) - pair->first;
            bool is_dead = queue && reason && strcmp(reason, "no use") == 0;
            cr_assert_lt(which, 2);
            cr_assert(one->message.body_size == 4 && memcmp(one->message.body, "body", 4) == 0);
            int status = bench_settle_by(b, b->consumer, (fl_settlement){.delivery = one});
            cr_assert(status == 0 || status == -ESTALE, "%d", status);
            pair->ended[which] += status == 0;
            pair->deliveries[which]++;
            pair->as_settled[which] += which ? is_dead : !queue && one->message.attempt == 2;
            bench_free(b, one);
        }
}

static inline void copies_of_two(bench *b, unsigned faults)
{
    static const filch_header reason = {"x-dlq-reason", "no use"};
    copies_pair pair = {.first = b->last_id + 1};
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(bench_publish(b, (filch_message){.body = "body", .body_size = 4}), 0);
        fl_settlement one = {.delivery = bench_receive(b), .verb = FL_SETTLE_RETRY, .attempt = 2};
        if (i)
            one = (fl_settlement){.delivery = one.delivery,
                                  .verb = FL_SETTLE_DEAD,
                                  .headers = &reason,
                                  .header_count = 1};
        cr_assert_not_null(one.delivery);
        play.left = faults;
        play.calls = 0;
        copies_settle(b, one);
        copies_drain(b, &pair);
    }
    bool keeps_leases = b->tested->kind->caps.keeps_leases;
    if (keeps_leases)
        b->tested->pass(31 * bench_second(b->tested));
    copies_drain(b, &pair);
    /* Without a copy, and with a lease that ends with its connection, it comes again as it was. */
    unsigned least = play.fault != COPIES_UNCONFIRMED || play.arrives || keeps_leases;
    unsigned most = play.fault == COPIES_UNANSWERED && keeps_leases ? 1 : 3;
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_geq(pair.as_settled[i], least, "%u is not as it was settled", pair.first + i);
        cr_assert(pair.deliveries[i] >= 1 && pair.ended[i] <= most, "%u comes %u times, %u ended",
                  pair.first + i, pair.deliveries[i], pair.ended[i]);
    }
}

static inline void copies_lose_nothing(const tested_broker *tested, copies_fault fault)
{
    const fl_broker_kind *real = tested->kind;
    if (!real->transport || (fault == COPIES_LATE && !real->caps.keeps_leases))
        return;
    play.tested = tested;
    play.kind = *real;
    play.transport = *real->transport;
    play.kind.publish = copies_publish;
    play.transport.answer = copies_answer;
    play.kind.transport = &play.transport;
    play.fault = fault;
    bench b = bench_begin(tested);
    b.kind->close(b.consumer);
    copies_connect(&b);
    play.arrives = false;
    copies_of_two(&b, 1);
    play.arrives = true;
    if (fault != COPIES_LATE)
        copies_of_two(&b, real->caps.keeps_leases ? 2 : 1);
    bench_end(&b);
}

static inline void lost_confirmations_lose_nothing(const tested_broker *tested)
{
    copies_lose_nothing(tested, COPIES_UNCONFIRMED);
}

static inline void lost_answers_lose_nothing(const tested_broker *tested)
{
    copies_lose_nothing(tested, COPIES_UNANSWERED);
}

static inline void leases_that_end_lose_nothing(const tested_broker *tested)
{
    copies_lose_nothing(tested, COPIES_LATE);
}

#endif
