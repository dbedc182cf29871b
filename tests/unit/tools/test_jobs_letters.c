/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_jobs_parts; wraps fl_broker_of filch_now
 *
 * The job of a dead letter begins anew, and counts its returns. Leases of letters are renewed while a
 * command is at work. Commands refuse, by name, what a broker lacks. */
#include <filch/service.h>
#include <runtime/service/modules.h>
#include <tests/support/test.h>
#include <tools/jobs/connection.h>
#include <tools/jobs/letters.h>

static filch_message reborn(const filch_header *headers, size_t count, filch_header *room,
                            char text[LETTERS_COUNT])
{
    const filch_message letter = {.id = "i",
                                  .type = "t",
                                  .queue = "q.dlq",
                                  .dedup = "k",
                                  .body = "b",
                                  .body_size = 1,
                                  .headers = headers,
                                  .header_count = count,
                                  .priority = 3,
                                  .attempt = 5,
                                  .deliveries = 2,
                                  .expires = 9,
                                  .first_seen = 8};
    return letters_job(&letter, "q", 1000, room, text);
}

Test(jobs_letters, dead_letter_restarts_without_its_reasons)
{
    const filch_header headers[] = {{"x-dlq-reason", "why"},
                                    {"own", "1"},
                                    {"X-DLQ-Timestamp", "5"},
                                    {"x-original-queue", "q"},
                                    {"other", "2"}};
    filch_header room[6];
    char text[LETTERS_COUNT];
    filch_message job = reborn(headers, 5, room, text);
    cr_expect_str_eq(job.id, "i");
    cr_expect_str_eq(job.type, "t");
    cr_expect_str_eq(job.queue, "q");
    cr_expect_null(job.dedup);
    cr_expect_eq(job.body_size, 1);
    cr_expect_eq(job.priority, 3);
    cr_expect_eq(job.attempt, 1);
    cr_expect_eq(job.deliveries, 0);
    cr_expect_eq(job.expires, 0);
    cr_expect_eq(job.first_seen, 1000);
    cr_expect_eq(job.header_count, 3);
    cr_expect_str_eq(filch_message_header(&job, "own"), "1");
    cr_expect_str_eq(filch_message_header(&job, "other"), "2");
    cr_expect_str_eq(filch_message_header(&job, "x-dlq-returns"), "1");
}

Test(jobs_letters, returns_are_counted)
{
    static const char *const all[][2] = {
        {"1", "2"}, {"99", "100"}, {"no number", "1"}, {"-3", "1"}, {"99999999999999999999", "1"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const filch_header header = {"X-Dlq-Returns", all[i][0]};
        filch_header room[2];
        char text[LETTERS_COUNT];
        filch_message job = reborn(&header, 1, room, text);
        cr_expect_eq(job.header_count, 1);
        cr_expect_str_eq(filch_message_header(&job, "x-dlq-returns"), all[i][1]);
    }
}

static jobs_connection without_capabilities(const jobs_options *o)
{
    return (jobs_connection){.options = o, .kind = &fl_broker_memory};
}

Test(jobs_letters, missing_capability_has_own_status)
{
    const jobs_options o = {.command = "filch-jobs test"};
    jobs_connection c = without_capabilities(&o);
    cr_expect_eq(jobs_check_needs(&c, 0), 0);
    for (unsigned need = JOBS_NEEDS_COUNT; need <= JOBS_NEEDS_PAUSE; need <<= 1)
        cr_expect_eq(jobs_check_needs(&c, need), JOBS_UNSUPPORTED);
    c.caps = fl_broker_memory.caps;
    cr_expect_eq(jobs_check_needs(&c, JOBS_NEEDS_COUNT | JOBS_NEEDS_PEEK | JOBS_NEEDS_CANCEL |
                                          JOBS_NEEDS_PAUSE),
                 0);
}

Test(jobs_letters, unsupported_broker_features_are_refused)
{
    const jobs_options o = {.command = "filch-jobs test"};
    const filch_message all[] = {{.priority = 1}, {.delay = 1}, {.dedup = "k"}, {.expires = 1}};
    jobs_connection c = without_capabilities(&o);
    cr_expect_eq(jobs_check_message(&c, &(filch_message){.type = "t"}), 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_expect_eq(jobs_check_message(&c, &all[i]), JOBS_UNSUPPORTED);
    c.caps = fl_broker_memory.caps;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cr_expect_eq(jobs_check_message(&c, &all[i]), 0);
}

/* ---- Leases ---- */

/* A broker of a thousand letters, each batch of which takes as long as half of a lease. */
enum { LETTERS = 1000 };
static fl_broker_kind slow;
static fl_broker connection = {.kind = &slow};
static unsigned received, returned, lost;
static int64_t clock_of_test = 1, lease;

int64_t __wrap_filch_now(void);
int64_t __wrap_filch_now(void)
{
    return clock_of_test;
}

const fl_broker_kind *__wrap_fl_broker_of(const char *url);
const fl_broker_kind *__wrap_fl_broker_of(const char *url)
{
    return &slow;
}

static fl_broker_rc open_slow(fl_broker **out, const fl_broker_config *config)
{
    connection.host = config->host;
    lease = config->lease;
    *out = &connection;
    return FL_BROKER_OK;
}

static void close_slow(fl_broker *broker)
{
}

static fl_broker_rc receive_slow(fl_broker *broker, unsigned queue, fl_delivery **out,
                                 unsigned most, unsigned *count)
{
    const filch_message message = {.id = "another", .type = "t", .queue = "q.dlq"};
    clock_of_test += lease / 2;
    for (*count = 0; *count < most && received < LETTERS; received++) {
        out[*count] = broker->host->delivery(broker->host, &message);
        out[(*count)++]->lease_until = clock_of_test + lease;
    }
    return FL_BROKER_OK;
}

static fl_broker_rc extend_slow(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                                int64_t length)
{
    for (unsigned i = 0; i < count; i++)
        batch[i]->lease_until = batch[i]->lease_until > clock_of_test ? clock_of_test + length : 0;
    return FL_BROKER_OK;
}

static fl_broker_rc settle_slow(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bool holds = batch[i].delivery->lease_until > clock_of_test;
        batch[i].status = holds ? 0 : -ESTALE;
        lost += !holds;
        returned += batch[i].verb == FL_SETTLE_RETURN;
    }
    return FL_BROKER_OK;
}

Test(jobs_letters, leases_are_renewed_at_work)
{
    char *id = (char[]){"wanted"};
    const jobs_options options = {
        .command = "c", .broker = "slow:", .queue = "q", .arguments = &id, .argument_count = 1};
    letters_result result = {.missing = json_array(), .leased = FL_BROKER_UNKNOWN};
    slow = fl_broker_memory;
    slow.name = "slow";
    slow.open = open_slow;
    slow.close = close_slow;
    slow.caps_of = NULL;
    slow.watch = NULL;
    slow.turn = NULL;
    slow.receive = receive_slow;
    slow.extend = extend_slow;
    slow.settle = settle_slow;
    slow.count = NULL;
    cr_assert_eq(letters_run(&options, LETTERS_DROP, &result), 0);
    cr_assert(returned == LETTERS && lost == 0, "%u returned, %u lost", returned, lost);
    cr_assert_eq(json_array_size(result.missing), 1);
    json_decref(result.missing);
}
