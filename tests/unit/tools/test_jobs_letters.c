/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The job of a dead letter begins anew, and counts its returns. Commands refuse, by name, what a
 * broker lacks. */
#include <criterion/criterion.h>
#include <filch/service.h>
#include <runtime/service/brokers.h>
#include <string.h>
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

Test(jobs_letters, a_letter_begins_anew_without_its_reasons)
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

Test(jobs_letters, missing_capabilities_have_a_status_of_their_own)
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

Test(jobs_letters, a_message_may_only_ask_for_features_of_the_broker)
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
