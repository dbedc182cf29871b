/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers: records of jobs, with progress and results. */
#ifndef SERVICE_BROKER_RECORDS_H
#define SERVICE_BROKER_RECORDS_H

#include <filch/service.h>
#include <tests/service/broker_bench.h>

/* A note of the delivery, for a minute; an id of its own where the delivery has none. */
static inline fl_note bench_note(const bench *b, const fl_delivery *delivery, const char *progress)
{
    return (fl_note){.delivery = delivery,
                     .id = delivery->message.id,
                     .state = FILCH_RECORD_RUNNING,
                     .progress = progress,
                     .progress_size = progress ? strlen(progress) : 0,
                     .ttl = 60 * bench_second(b->tested),
                     .creates = true};
}

/* The note of an ACK or a DEAD with this result or reason. */
static inline fl_note bench_end_note(const bench *b, const fl_delivery *delivery,
                                     filch_record_state state, const char *text)
{
    fl_note note = bench_note(b, delivery, NULL);
    note.state = state;
    note.result = state == FILCH_RECORD_DONE ? text : NULL;
    note.result_size = note.result ? strlen(text) : 0;
    note.reason = state == FILCH_RECORD_DEAD ? text : NULL;
    return note;
}

static inline bool bench_is_text(const void *bytes, size_t size, const char *text)
{
    return text ? bytes && size == strlen(text) && memcmp(bytes, text, size + 1) == 0
                : !bytes && !size;
}

/* The record has these texts; NULL: none. */
static inline void bench_record_is(bench *b, const char *id, filch_record_state state,
                                   const char *progress, const char *result, const char *reason)
{
    filch_service_record *record = NULL;
    cr_assert_eq(b->kind->record(b->publisher, id, &record), FL_BROKER_OK);
    cr_assert_not_null(record, "%s has none", id);
    cr_assert_eq(record->state, state, "%s: %d", id, record->state);
    cr_assert(bench_is_text(record->progress, record->progress_size, progress), "%s", id);
    cr_assert(bench_is_text(record->result, record->result_size, result), "%s", id);
    cr_assert(bench_is_text(record->reason, record->reason ? strlen(record->reason) : 0, reason),
              "%s", id);
    filch_service_record_destroy(record);
}

static inline void bench_has_no_record(bench *b, const char *id)
{
    filch_service_record *record = NULL;
    cr_assert_eq(b->kind->record(b->publisher, id, &record), FL_BROKER_OK);
    cr_assert_null(record, "%s", id);
}

static inline void bench_tell(bench *b, const fl_delivery *delivery, const char *progress)
{
    fl_note note = bench_note(b, delivery, progress);
    cr_assert_eq(b->kind->note(b->consumer, &note, 1), FL_BROKER_OK);
}

static inline void bench_settle_with(bench *b, fl_delivery *delivery, fl_settle_verb verb,
                                     const fl_note *note)
{
    bench_settle(b, (fl_settlement){.delivery = delivery, .verb = verb, .note = note});
}

static inline void a_broker_without_records_says_so(const tested_broker *tested)
{
    const fl_broker_kind *kind = tested->kind;
    char text[512];
    cr_assert_eq(kind->caps.records, kind->note != NULL);
    cr_assert_eq(kind->caps.records, kind->record != NULL);
    fl_broker_describe(kind, &kind->caps, text, sizeof text);
    cr_assert(strstr(text, kind->caps.records ? " records yes;" : " records no;"), "%s", text);
}

static inline void record_holds_progress_then_result(const tested_broker *tested)
{
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    bench_has_no_record(&b, "1");
    bench_tell(&b, one, "half");
    bench_tell(&b, one, "");
    bench_record_is(&b, "1", FILCH_RECORD_RUNNING, "", NULL, NULL);
    bench_tell(&b, one, "most");
    bench_record_is(&b, "1", FILCH_RECORD_RUNNING, "most", NULL, NULL);
    fl_note note = bench_end_note(&b, one, FILCH_RECORD_DONE, "42");
    bench_settle_with(&b, one, FL_SETTLE_ACK, &note);
    bench_record_is(&b, "1", FILCH_RECORD_DONE, "most", "42", NULL);
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void dead_letter_record_has_reason(const tested_broker *tested)
{
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    fl_note note = bench_end_note(&b, one, FILCH_RECORD_DEAD, "no image \xff");
    note.progress = "a\0b";
    note.progress_size = 3;
    bench_settle_with(&b, one, FL_SETTLE_DEAD, &note);
    filch_service_record *record = NULL;
    cr_assert_eq(b.kind->record(b.publisher, "1", &record), FL_BROKER_OK);
    cr_assert(record && record->state == FILCH_RECORD_DEAD && !record->result);
    cr_assert(record->progress_size == 3 && memcmp(record->progress, "a\0b", 4) == 0);
    cr_assert_str_eq(record->reason, "no image \xff");
    cr_assert_gt(record->updated, 0);
    filch_service_record_destroy(record);
    one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_not_null(one, "it is a dead letter");
    bench_ack(&b, one);
    bench_end(&b);
}

static inline void batch_writes_only_given_records(const tested_broker *tested)
{
    enum { COUNT = 6 };
    static char large[64 << 10];
    fl_delivery *batch[COUNT];
    fl_settlement items[COUNT];
    fl_note notes[COUNT];
    char id[16];
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    memset(large, 'x', sizeof large - 1);
    for (unsigned i = 0; i < COUNT; i++) {
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        batch[i] = bench_receive(&b);
        notes[i] = bench_end_note(&b, batch[i], FILCH_RECORD_DONE, large);
        items[i] = (fl_settlement){.delivery = batch[i],
                                   .verb = FL_SETTLE_ACK,
                                   .note = i % 2 ? &notes[i] : NULL,
                                   .status = -EAGAIN};
    }
    cr_assert_eq(b.kind->settle(b.consumer, items, COUNT), FL_BROKER_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        cr_assert_eq(items[i].status, 0);
        snprintf(id, sizeof id, "%u", i + 1);
        if (i % 2)
            bench_record_is(&b, id, FILCH_RECORD_DONE, NULL, large, NULL);
        else
            bench_has_no_record(&b, id);
        bench_free(&b, batch[i]);
    }
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void jobs_of_one_id_share_record(const tested_broker *tested)
{
    static const char *const results[] = {"first", "second"};
    fl_settlement items[2];
    fl_note notes[2];
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(bench_publish(&b, (filch_message){.id = "twin"}), 0);
        items[i] = (fl_settlement){.delivery = bench_receive(&b), .note = &notes[i]};
        notes[i] = bench_end_note(&b, items[i].delivery, FILCH_RECORD_DONE, results[i]);
    }
    cr_assert_eq(b.kind->settle(b.consumer, items, 2), FL_BROKER_OK);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(items[i].status, 0);
        bench_free(&b, items[i].delivery);
    }
    bench_record_is(&b, "twin", FILCH_RECORD_DONE, NULL, "second", NULL);
    bench_end(&b);
}

static inline void final_note_ends_only_existing_record(const tested_broker *tested)
{
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        fl_delivery *one = bench_receive(&b);
        if (i)
            bench_tell(&b, one, "half");
        fl_note note = bench_end_note(&b, one, FILCH_RECORD_DONE, NULL);
        note.creates = false;
        bench_settle_with(&b, one, FL_SETTLE_ACK, &note);
    }
    bench_has_no_record(&b, "1");
    bench_record_is(&b, "2", FILCH_RECORD_DONE, "half", NULL, NULL);
    bench_end(&b);
}

static inline void record_expires_in_time(const tested_broker *tested)
{
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b), *two = bench_receive(&b);
    bench_tell(&b, one, "half");
    fl_note note = bench_end_note(&b, two, FILCH_RECORD_DONE, "42");
    bench_settle_with(&b, two, FL_SETTLE_ACK, &note);
    tested->pass(20 * bench_second(tested));
    bench_tell(&b, one, "most"); /* begins its time again */
    tested->pass(41 * bench_second(tested));
    bench_has_no_record(&b, "2");
    bench_record_is(&b, "1", FILCH_RECORD_RUNNING, "most", NULL, NULL);
    tested->pass(20 * bench_second(tested));
    bench_has_no_record(&b, "1");
    bench_free(&b, one);
    bench_end(&b);
}

static inline void a_retry_keeps_its_progress(const tested_broker *tested)
{
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    fl_note note = bench_note(&b, one, "half");
    const fl_settlement again = {.delivery = one,
                                 .verb = FL_SETTLE_RETRY,
                                 .attempt = 2,
                                 .note = &note};
    bench_settle(&b, again);
    bench_record_is(&b, "1", FILCH_RECORD_RUNNING, "half", NULL, NULL);
    bench_next_is(&b, "1");
    bench_end(&b);
}

static inline void a_lost_lease_writes_no_record(const tested_broker *tested)
{
    if (!tested->kind->caps.records)
        return;
    bench b = bench_begin(tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *old = bench_receive(&b);
    tested->pass(31 * bench_second(tested));
    fl_delivery *again = bench_receive_by(&b, other, 0);
    cr_assert_not_null(again);
    bench_tell(&b, old, "stale");
    fl_note note = bench_end_note(&b, old, FILCH_RECORD_DONE, "stale");
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_settle_by(&b, b.consumer,
                                     (fl_settlement){.delivery = old,
                                                     .verb = i ? FL_SETTLE_DEAD : FL_SETTLE_ACK,
                                                     .note = &note}),
                     -ESTALE);
    bench_has_no_record(&b, "1");
    note = bench_end_note(&b, again, FILCH_RECORD_DONE, "good");
    cr_assert_eq(bench_settle_by(&b, other, (fl_settlement){.delivery = again, .note = &note}), 0);
    bench_record_is(&b, "1", FILCH_RECORD_DONE, NULL, "good", NULL);
    bench_free(&b, old);
    bench_free(&b, again);
    b.kind->close(other);
    bench_end(&b);
}

#endif
