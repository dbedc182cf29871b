/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `redis:` and entries that other programs add or delete: any id that a stream takes is
 * settled once, and a settlement that finds no entry is stale. */
#include <tests/service/broker.h>
#include <tests/service/brokers/redis/redis.h>

static redis_server server = {.has_clock = true};

static const char *fresh_url(void)
{
    if (server.pid) {
        cr_assert_str_eq(redis_tell(&server, "FLUSHALL"), "OK");
    } else {
        redis_make_clock();
        redis_start(&server);
    }
    return redis_url(&server, "%s", "");
}

static void pass_time(int64_t ns)
{
    pass(ns);
    filch_u64_add(redis_passed, (uint64_t)ns, FILCH_ACQ_REL);
}

static const tested_broker tested = {.kind = &fl_broker_redis,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time};

static const char *const foreign_ids[] = {"7-2147483648",
                                          "7-18446744073709551615",
                                          "17592186044416-0",
                                          "1764000000000000-1", /* us */
                                          "7159000000000000000-4294967296",
                                          "18446744073709551615-18446744073709551614",
                                          "18446744073709551615-18446744073709551615"};
enum { FOREIGN_IDS = sizeof foreign_ids / sizeof *foreign_ids };

/* The next message has this id, and still has it after a settlement that is not its last. */
static fl_delivery *settled_and_back(bench *b, const char *id, fl_settle_verb verb)
{
    fl_delivery *one = bench_receive(b);
    cr_assert(one && strcmp(one->message.id, id) == 0 && one->message.deliveries == 1, "%s", id);
    cr_assert_eq(b->kind->extend(b->consumer, &one, 1, 20 * FILCH_SECOND), FL_BROKER_OK);
    cr_assert_gt(one->lease_until, 0);
    if (verb != FL_SETTLE_RETURN && verb != FL_SETTLE_RETRY)
        return one;
    bench_settle(b, (fl_settlement){.delivery = one, .verb = verb, .attempt = 2});
    pass_time(FILCH_SECOND); /* the copy of the last id of all waits until its stream is empty */
    one = bench_receive(b);
    cr_assert(one && strcmp(one->message.id, id) == 0, "%s comes back", id);
    return one;
}

Test(redis_entries, any_entry_is_settled_once)
{
    for (unsigned i = 0; i < FOREIGN_IDS; i++)
        for (fl_settle_verb verb = FL_SETTLE_ACK; verb <= FL_SETTLE_DEAD; verb++) {
            bench b = bench_begin(&tested);
            bool dies = verb == FL_SETTLE_DEAD;
            redis_tell(&server, "XADD filch:tasks:0 %s type t body hello", foreign_ids[i]);
            fl_delivery *one = settled_and_back(&b, foreign_ids[i], verb);
            bench_settle(&b, (fl_settlement){.delivery = one, .verb = dies ? verb : FL_SETTLE_ACK});
            pass_time(31 * FILCH_SECOND);
            bench_is_empty(&b);
            cr_assert_str_eq(redis_tell(&server, "XLEN filch:tasks:0"), "0", "%s", foreign_ids[i]);
            one = bench_receive_by(&b, b.consumer, 1);
            cr_assert(!one == !dies, "%s", foreign_ids[i]);
            if (dies)
                bench_ack(&b, one);
            bench_end(&b);
        }
}

Test(redis_entries, messages_after_any_id_are_delivered)
{
    for (unsigned i = 0; i < FOREIGN_IDS; i++) {
        fl_broker_count count;
        fl_delivery *all[8];
        unsigned peeked;
        bool found;
        bench b = bench_begin(&tested);
        redis_tell(&server, "XADD filch:tasks:0 %s type t", foreign_ids[i]);
        for (unsigned more = 0; more < 5; more++)
            cr_assert_eq(bench_publish(&b, (filch_message){0}), 0, "%s", foreign_ids[i]);
        bench_next_is(&b, foreign_ids[i]);
        pass_time(2 * FILCH_SECOND);
        bench_next_is(&b, "1");
        pass_time(2 * FILCH_SECOND); /* it may have had the last id */
        bench_next_is(&b, "2");
        bench_next_is(&b, "3"); /* by a transaction */
        cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
        cr_assert(count.ready == 2 && !count.leased, "%s", foreign_ids[i]);
        cr_assert_eq(b.kind->peek(b.admin, 0, all, 8, &peeked), FL_BROKER_OK);
        cr_assert_eq(peeked, 2);
        for (unsigned at = 0; at < peeked; at++)
            free(all[at]);
        cr_assert_eq(b.kind->cancel(b.admin, "4", &found), FL_BROKER_OK);
        cr_assert(found);
        bench_next_is(&b, "5");
        pass_time(31 * FILCH_SECOND);
        bench_is_empty(&b);
        bench_end(&b);
    }
}

Test(redis_entries, full_streams_hold_up_no_other)
{
    bench b = bench_begin(&tested);
    redis_tell(&server, "XADD filch:tasks:0 %s type t", foreign_ids[FOREIGN_IDS - 1]);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = FILCH_SECOND}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = FILCH_SECOND, .priority = 1}), 0);
    fl_delivery *last = bench_receive(&b);
    pass_time(2 * FILCH_SECOND);
    bench_next_is(&b, "2");
    bench_is_empty(&b);
    bench_ack(&b, last);
    pass_time(2 * FILCH_SECOND);
    bench_next_is(&b, "1");
    bench_is_empty(&b);
    bench_end(&b);
}

Test(redis_entries, counts_follow_the_last_id)
{
    fl_broker_count count;
    unsigned peeked;
    fl_delivery *one;
    bench b = bench_begin(&tested);
    redis_tell(&server, "XADD filch:tasks:0 %s type t", foreign_ids[FOREIGN_IDS - 1]);
    cr_assert_eq(b.kind->peek(b.admin, 0, &one, 1, &peeked), FL_BROKER_OK);
    cr_assert_eq(peeked, 1);
    cr_assert_eq(one->message.first_seen, 0, "no time");
    free(one);
    cr_assert_not_null(one = bench_receive(&b));
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert(!count.ready && count.leased == 1);
    fl_delivery *none;
    cr_assert_eq(b.kind->peek(b.admin, 0, &none, 1, &peeked), FL_BROKER_OK);
    cr_assert_eq(peeked, 0);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(redis_entries, a_foreign_id_is_stopped)
{
    for (unsigned i = 0; i < FOREIGN_IDS; i++) {
        bench b = bench_begin(&tested);
        redis_tell(&server, "XADD filch:tasks:0 %s type t", foreign_ids[i]);
        fl_delivery *one = bench_receive(&b);
        cr_assert(bench_stop(&b, foreign_ids[i]) && bench_is_stopped(&b, b.consumer, one));
        bench_ack(&b, one);
        bench_end(&b);
    }
}

Test(redis_entries, gone_entries_are_stale)
{
    for (unsigned by_transaction = 0; by_transaction < 2; by_transaction++)
        for (fl_settle_verb verb = FL_SETTLE_ACK; verb <= FL_SETTLE_DEAD; verb++) {
            bench b = bench_begin(&tested);
            for (unsigned i = 0; i < 4; i++)
                cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
            for (unsigned i = 0; i < 3 && by_transaction; i++)
                bench_ack(&b, bench_receive(&b));
            fl_delivery *one = bench_receive(&b);
            redis_tell(&server, "DEL filch:tasks:0");
            const fl_settlement late = {.delivery = one, .verb = verb, .attempt = 2};
            cr_assert_eq(bench_settle_by(&b, b.consumer, late), -ESTALE, "verb %d", (int)verb);
            bench_free(&b, one);
            cr_assert_null(bench_receive_by(&b, b.consumer, 1));
            bench_end(&b);
        }
}

/* Its lease is still there. */
Test(redis_entries, deleted_entries_are_never_buried)
{
    static const fl_settle_verb verbs[] = {FL_SETTLE_RETRY, FL_SETTLE_DEAD};
    for (unsigned i = 0; i < 2; i++) {
        bench b = bench_begin(&tested);
        redis_tell(&server, "XADD filch:tasks:0 7-1 type t");
        fl_delivery *one = bench_receive(&b);
        cr_assert_str_eq(redis_tell(&server, "XDEL filch:tasks:0 7-1"), "1");
        const fl_settlement late = {.delivery = one, .verb = verbs[i], .attempt = 2};
        cr_assert_eq(bench_settle_by(&b, b.consumer, late), -ESTALE);
        bench_free(&b, one);
        bench_is_empty(&b);
        bench_end(&b);
    }
}
