/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Settlements that need copies, on a transport in memory: every interleaving of losses, refusals, unknown
 * results and failed answers. */
#include <runtime/service/copy.h>
#include <stdbool.h>
#include <tests/service/service.h>

/* ---- The transport ---- */

static struct {
    fl_transport transport;
    fl_broker_kind kind;
    fl_broker base;
    bool is_lost, needs_copy;
    fl_broker_rc published, answered; /* results of the calls */
    int status;                       /* of publications */
    unsigned calls_of_publish, calls_of_answer;
    unsigned copies;     /* that are confirmed */
    bool is_there;       /* the original */
    fl_settle_verb verb; /* of the last answer */
    filch_message last;  /* published */
    filch_header headers[8];
    char queue[16];
    char order[8]; /* of calls: p, a */
} fake;

static void note(char call)
{
    size_t length = strlen(fake.order);
    if (length < sizeof fake.order - 1)
        fake.order[length] = call;
}

static fl_broker_rc send_copies(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fake.calls_of_publish++;
    note('p');
    for (unsigned i = 0; i < count; i++) {
        cr_assert_not_null(batch[i].copy_of);
        batch[i].status = fake.status;
        fake.copies += !fake.status;
        fake.last = *batch[i].message;
        snprintf(fake.queue, sizeof fake.queue, "%s", fake.last.queue);
        for (size_t k = 0; k < fake.last.header_count && k < 8; k++)
            fake.headers[k] = fake.last.headers[k];
    }
    return fake.published;
}

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    return fake.is_lost;
}

static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    cr_assert_neq(one->verb, FL_SETTLE_ACK);
    return fake.needs_copy;
}

static fl_broker_rc answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    cr_assert_leq(count, FL_COPY_BATCH);
    fake.calls_of_answer++;
    note('a');
    for (unsigned i = 0; i < count && !fake.answered; i++)
        if (batch[i].status == FL_SETTLE_TO_DO) {
            fake.verb = fl_copy_verb(&batch[i]);
            fake.is_there = fake.verb == FL_SETTLE_RETURN || fake.verb == FL_SETTLE_RETRY;
            batch[i].status = 0;
        }
    return fake.answered;
}

static unsigned reports;
static char reported[512];

static void report(const fl_broker_host *host, filch_log_level level, const char *text)
{
    reports++;
    snprintf(reported, sizeof reported, "%s", text);
}

static fl_broker_host host;

static fl_broker *begin(fl_transport transport)
{
    host = beside_host;
    host.log = report;
    memset(&fake, 0, sizeof fake);
    fake.transport = transport;
    fake.transport.remedy = "raise the limit";
    fake.transport.is_lost = is_lost;
    fake.transport.needs_copy = needs_copy;
    fake.transport.answer = answer;
    fake.kind = (fl_broker_kind){.publish = send_copies, .transport = &fake.transport};
    fake.base = (fl_broker){&fake.kind, &host};
    fake.needs_copy = fake.is_there = true;
    reports = 0;
    return &fake.base;
}

static fl_delivery delivery_of(const char *id)
{
    return (fl_delivery){.message = {.id = id, .queue = "tasks", .attempt = 1, .deliveries = 3},
                         .lease_until = FILCH_FOREVER};
}

static int settle(fl_delivery *delivery, fl_settle_verb verb)
{
    fl_settlement one = {.delivery = delivery, .verb = verb, .attempt = 2, .status = 7};
    fl_copy_settle(&fake.base, &one, 1);
    return one.status;
}

/* ---- Every interleaving ---- */

/* Ends of a publication. */
static const struct {
    int status;
    fl_broker_rc rc;
} ends[] = {{0, FL_BROKER_OK},         {-EAGAIN, FL_BROKER_BUSY}, {-EAGAIN, FL_BROKER_LOST},
            {-ENOSPC, FL_BROKER_OK},   {-EMSGSIZE, FL_BROKER_OK}, {-ENOTSUP, FL_BROKER_OK},
            {-ENOTSUP, FL_BROKER_BUSY}};
enum { ENDS = sizeof ends / sizeof *ends, TRIES = 3, WAYS = 2 * 2 * ENDS };

/* One of the ways in which a settlement can go. */
static void choose(unsigned way)
{
    fake.is_lost = way % 2;
    fake.answered = way / 2 % 2 ? FL_BROKER_BUSY : FL_BROKER_OK;
    fake.status = ends[way / 4].status;
    fake.published = ends[way / 4].rc;
}

/* Checks the state after each settlement. */
static void judge(const fl_delivery *one, fl_settle_verb verb, int status, const char *play)
{
    bool stays = one->refused && !one->copied &&
                 (verb == FL_SETTLE_DEAD || (verb == FL_SETTLE_RETRY && !fake.transport.delays));
    cr_assert(status == 0 || status == -EAGAIN || status == -ESTALE, "%s: status %d", play, status);
    cr_assert_leq(fake.copies, 1, "%s: a confirmed copy was sent again", play);
    cr_assert_eq(one->copied, fake.copies == 1, "%s", play);
    cr_assert(status ||
                  fake.is_there != (one->copied || verb == FL_SETTLE_ACK || verb == FL_SETTLE_DEAD),
              "%s: settled, and the original is wrong", play);
    cr_assert(!status || fake.is_there, "%s: not settled, and the original is gone", play);
    cr_assert(status || !fake.needs_copy || verb == FL_SETTLE_ACK || one->copied || one->refused,
              "%s: no copy, and none refused", play);
    cr_assert_eq(status == -ESTALE, fake.is_lost || stays, "%s: status %d", play, status);
    cr_assert(!stays || fake.is_there, "%s: lost", play);
}

/* Settlements of one delivery until it is settled or lost. */
static void play(fl_transport transport, bool keeps_leases, fl_settle_verb verb, bool copies,
                 unsigned ways)
{
    char name[80];
    begin(transport);
    fake.kind.caps.keeps_leases = keeps_leases;
    fake.needs_copy = copies;
    fl_delivery one = delivery_of("1");
    snprintf(name, sizeof name, "verb %d, copies %d, delays %d, first %d, keeps %d, ways %u", verb,
             copies, transport.delays, transport.answers_first, keeps_leases, ways);
    for (unsigned i = 0; i < TRIES; i++, ways /= WAYS) {
        choose(ways % WAYS);
        bool was_refused = one.refused;
        unsigned before = fake.calls_of_publish;
        int status = settle(&one, verb);
        judge(&one, verb, status, name);
        cr_assert(!was_refused || fake.calls_of_publish == before, "%s: sent again", name);
        if (status != -EAGAIN)
            break;
    }
}

Test(copy, no_interleaving_loses_or_doubles_messages)
{
    unsigned all = WAYS * WAYS * WAYS;
    for (unsigned kind = 0; kind < 16; kind++)
        for (unsigned verb = FL_SETTLE_ACK; verb <= FL_SETTLE_DEAD; verb++)
            for (unsigned ways = 0; ways < all; ways++)
                play((fl_transport){.delays = kind % 2, .answers_first = kind / 2 % 2},
                     kind / 4 % 2, (fl_settle_verb)verb, kind / 8 % 2, ways);
}

/* ---- Copies ---- */

Test(copy, retries_change_attempt_and_delay)
{
    fl_broker *broker = begin((fl_transport){0});
    fl_delivery one = delivery_of("1");
    one.message.expires = 5;
    fl_settlement item = {.delivery = &one,
                          .verb = FL_SETTLE_RETRY,
                          .attempt = 4,
                          .delay = FILCH_SECOND};
    cr_assert_eq(fl_copy_settle(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, 0);
    cr_assert_eq(fake.last.attempt, 4);
    cr_assert_eq(fake.last.delay, FILCH_SECOND);
    cr_assert_eq(fake.last.deliveries, 0);
    cr_assert_eq(fake.last.expires, 5);
    cr_assert_str_eq(fake.queue, "tasks");
    cr_assert_eq(fake.verb, FL_SETTLE_ACK);
}

Test(copy, returned_deliveries_do_not_count)
{
    begin((fl_transport){0});
    fl_delivery one = delivery_of("1");
    cr_assert_eq(settle(&one, FL_SETTLE_RETURN), 0);
    cr_assert_eq(fake.last.attempt, 1);
    cr_assert_eq(fake.last.deliveries, 2);
    cr_assert_eq(fake.last.delay, 0);
}

Test(copy, dead_letters_get_headers_and_queue)
{
    static const filch_header own[] = {{"h", "v"}, {"X-DLQ-Reason", "old"}};
    static const filch_header added[] = {{"x-dlq-reason", "new"}, {"x-original-queue", "tasks"}};
    fl_broker *broker = begin((fl_transport){0});
    fl_delivery one = delivery_of("1");
    one.message.headers = own;
    one.message.header_count = 2;
    one.message.expires = 5;
    fl_settlement item = {.delivery = &one,
                          .verb = FL_SETTLE_DEAD,
                          .headers = added,
                          .header_count = 2};
    cr_assert_eq(fl_copy_settle(broker, &item, 1), FL_BROKER_OK);
    cr_assert_str_eq(fake.queue, "tasks.dlq");
    cr_assert_eq(fake.last.expires, 0);
    cr_assert_eq(fake.last.header_count, 3);
    cr_assert_str_eq(fake.headers[0].name, "h");
    cr_assert_str_eq(fake.headers[1].value, "new");
    cr_assert_str_eq(fake.headers[2].value, "tasks");
}

Test(copy, ended_leases_send_no_copies)
{
    begin((fl_transport){0});
    fl_delivery one = delivery_of("1");
    one.lease_until = host.now(&host);
    cr_assert_eq(settle(&one, FL_SETTLE_RETRY), -ESTALE);
    cr_assert_eq(fake.calls_of_publish, 0);
}

Test(copy, answers_wait_unless_they_are_first)
{
    for (unsigned first = 0; first < 2; first++) {
        fl_broker *broker = begin((fl_transport){.answers_first = first});
        fl_delivery ack = delivery_of("1"), retry = delivery_of("2");
        fl_settlement items[] = {{.delivery = &ack, .verb = FL_SETTLE_ACK},
                                 {.delivery = &retry, .verb = FL_SETTLE_RETRY}};
        cr_assert_eq(fl_copy_settle(broker, items, 2), FL_BROKER_OK);
        cr_assert_str_eq(fake.order, first ? "apa" : "pa");
        cr_assert_eq(fl_copy_settle(broker, items, 1), FL_BROKER_OK);
        cr_assert_str_eq(fake.order, first ? "apaa" : "paa");
    }
}

Test(copy, long_batches_go_in_parts)
{
    enum { COUNT = FL_COPY_BATCH + 1 };
    static fl_delivery all[COUNT];
    static fl_settlement items[COUNT];
    fl_broker *broker = begin((fl_transport){0});
    for (unsigned i = 0; i < COUNT; i++) {
        all[i] = delivery_of("1");
        items[i] = (fl_settlement){.delivery = &all[i], .verb = FL_SETTLE_DEAD};
    }
    cr_assert_eq(fl_copy_settle(broker, items, COUNT), FL_BROKER_OK);
    cr_assert_eq(fake.calls_of_publish, 2);
    cr_assert_eq(fake.copies, COUNT);
    cr_assert_eq(items[COUNT - 1].status, 0);
}

/* ---- Copies that are never accepted ---- */

/* Of the next lease of a message. */
static int refuse(const char *id, fl_settle_verb verb, int status)
{
    fl_delivery one = delivery_of(id);
    fake.status = status;
    return settle(&one, verb);
}

Test(copy, refused_dead_letters_are_logged_once)
{
    begin((fl_transport){.delays = true});
    for (unsigned lease = 0; lease < 3; lease++) {
        cr_assert_eq(refuse("large", FL_SETTLE_DEAD, -EMSGSIZE), -ESTALE);
        cr_assert(fake.is_there);
        cr_assert_eq(reports, 1, "lease %u", lease);
    }
    cr_assert(strstr(reported,
                     "message large of queue tasks cannot become a dead letter: its copy is "
                     "larger than the broker accepts; raise the limit. It stays"),
              "%s", reported);
    cr_assert_eq(refuse("another", FL_SETTLE_DEAD, -ENOTSUP), -ESTALE);
    cr_assert_eq(reports, 2);
    cr_assert(strstr(reported, "shorten its headers"), "%s", reported);
}

Test(copy, refused_retries_use_the_brokers_delay)
{
    begin((fl_transport){.delays = true});
    cr_assert_eq(refuse("late", FL_SETTLE_RETRY, -EMSGSIZE), 0);
    cr_assert_eq(fake.verb, FL_SETTLE_RETRY);
    cr_assert(fake.is_there);
    cr_assert_eq(reports, 1);
    cr_assert(strstr(reported, "is delivered again after the delay"), "%s", reported);
}

Test(copy, refused_retries_stay_without_delays)
{
    begin((fl_transport){0});
    cr_assert_eq(refuse("kept", FL_SETTLE_RETRY, -EMSGSIZE), -ESTALE);
    cr_assert(fake.is_there);
    cr_assert_eq(fake.calls_of_answer, 1);
    cr_assert_eq(reports, 1);
}

Test(copy, refused_returns_take_effect_silently)
{
    begin((fl_transport){0});
    cr_assert_eq(refuse("back", FL_SETTLE_RETURN, -EMSGSIZE), 0);
    cr_assert_eq(fake.verb, FL_SETTLE_RETURN);
    cr_assert_eq(reports, 0);
}
