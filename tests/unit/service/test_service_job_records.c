/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_broker_of
 *
 * Progress and results of a service's jobs: sent in batches, kept with the answer, refused by name,
 * lost with a lease. The broker is `memory:`, perhaps behind functions that fail; it is linked with
 * --wrap=fl_broker_of. */
#include <tests/service/service.h>

#include <filch/service.h>

static signpost at_work, may_go, looked;
static fl_broker_kind special; /* the broker, if it has a name */

const fl_broker_kind *__real_fl_broker_of(const char *url);
const fl_broker_kind *__wrap_fl_broker_of(const char *url);
const fl_broker_kind *__wrap_fl_broker_of(const char *url)
{
    return special.name ? &special : __real_fl_broker_of(url);
}

static filch_service_record *read_record(filch_service *service, const char *id)
{
    filch_service_record *record = NULL;
    cr_assert_eq(filch_service_record_read(service, id, &record, FILCH_FOREVER), 0, "%s",
                 filch_error());
    return record;
}

static void publish_with_id(filch_service *service, const char *id)
{
    const filch_message message = {.type = "t", .id = id};
    cr_assert_eq(filch_service_publish(service, &message, FILCH_FOREVER), 0, "%s", filch_error());
}

static bool is_text(const void *bytes, size_t size, const char *text)
{
    return bytes && size == strlen(text) && memcmp(bytes, text, size) == 0;
}

static int tells(filch_self self, filch_service_job *job, void *rc)
{
    OK(filch_service_job_progress(job, "one", 3));
    OK(filch_service_job_progress(job, "three", 5));
    OK(filch_service_job_result(job, "no", 2));
    OK(filch_service_job_result(job, "41 + 1", 6));
    return *(int *)rc;
}

static int tells_without_id(filch_self self, filch_service_job *job, void *arg)
{
    cr_assert_null(filch_service_job_message(job)->id);
    cr_assert_eq(filch_service_job_progress(job, "one", 3), -ENOTSUP);
    cr_assert(strstr(filch_error(), "by the job's id"), "%s", filch_error());
    cr_assert_eq(filch_service_job_result(job, "two", 3), -ENOTSUP);
    return 0;
}

Test(service_job_records, job_without_id_has_no_record)
{
    const filch_handler handler = {.type = "t", .fn = tells_without_id};
    const filch_message message = {.type = "t", .queue = "tasks"};
    fl_publication item = {.message = &message};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(service_stats(service).outcomes[FILCH_SERVICE_DONE], 1);
    filch_service_destroy(service);
    fl_broker_memory.close(broker);
}

Test(service_job_records, last_progress_and_result_are_kept)
{
    int rc = 0;
    const filch_handler handler = {.type = "t", .fn = tells, .arg = &rc};
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(run_ready(service), 1);
    filch_service_record *record = read_record(service, "a");
    cr_assert_eq(record->state, FILCH_RECORD_DONE);
    cr_assert(is_text(record->progress, record->progress_size, "three"));
    cr_assert(is_text(record->result, record->result_size, "41 + 1"));
    cr_assert_null(record->reason);
    filch_service_record_destroy(record);
    OK(filch_service_destroy(service));
}

Test(service_job_records, dead_letter_has_reason_without_result)
{
    int rc = -EINVAL;
    const filch_handler handler = {.type = "t", .fn = tells, .arg = &rc};
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(run_ready(service), 1);
    filch_service_record *record = read_record(service, "a");
    cr_assert_eq(record->state, FILCH_RECORD_DEAD);
    cr_assert(is_text(record->progress, record->progress_size, "three"));
    cr_assert_null(record->result);
    cr_assert(record->reason && *record->reason);
    filch_service_record_destroy(record);
    OK(filch_service_destroy(service));
}

static int tells_at_first(filch_self self, filch_service_job *job, void *arg)
{
    if (filch_service_job_message(job)->attempt > 1)
        return 0;
    OK(filch_service_job_result(job, "early", 5));
    OK(filch_service_job_progress(job, "one", 3));
    signpost_raise(&at_work);
    signpost_wait(&may_go, 1);
    return filch_service_job_retry(job, FILCH_SECOND, "later");
}

Test(service_job_records, progress_is_sent_while_job_runs)
{
    const filch_handler handler = {.type = "t", .fn = tells_at_first, .thread = true};
    serving one;
    filch_service_record *record = NULL;
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    publish_with_id(service, "a");
    serving_begin(&one, service);
    signpost_wait(&at_work, 1);
    while (filch_service_record_read(service, "a", &record, FILCH_FOREVER) == -ENOENT)
        ;
    cr_assert_eq(record->state, FILCH_RECORD_RUNNING);
    cr_assert(is_text(record->progress, record->progress_size, "one"));
    cr_assert_null(record->result);
    filch_service_record_destroy(record);
    signpost_raise(&may_go);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    record = read_record(service, "a");
    cr_assert(record->state == FILCH_RECORD_RUNNING && !record->result);
    filch_service_record_destroy(record);
    OK(filch_service_destroy(service));
}

static int tells_once(filch_self self, filch_service_job *job, void *arg)
{
    if (filch_service_job_message(job)->attempt > 1)
        return 0;
    filch_service_job_progress(job, "one", 3);
    signpost_raise(&at_work);
    signpost_wait(&looked, 1);
    return filch_service_job_retry(job, FILCH_MILLISECOND, "later");
}

static void *waits_for_a_record(void *service)
{
    filch_service_record *record = NULL;
    signpost_wait(&at_work, 1);
    while (filch_service_record_read(service, "a", &record, FILCH_FOREVER) == -ENOENT)
        ;
    filch_service_record_destroy(record);
    signpost_raise(&looked);
    return NULL;
}

Test(service_job_records, silent_later_attempt_ends_record)
{
    const filch_handler handler = {.type = "t", .fn = tells_once, .thread = true};
    pthread_t thread;
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(pthread_create(&thread, NULL, waits_for_a_record, service), 0);
    uint64_t runs = 0;
    while (runs < 2)
        runs += run_ready(service);
    pthread_join(thread, NULL);
    filch_service_record *record = read_record(service, "a");
    cr_assert_eq(record->state, FILCH_RECORD_DONE);
    cr_assert(is_text(record->progress, record->progress_size, "one"));
    filch_service_record_destroy(record);
    OK(filch_service_destroy(service));
}

static int tells_nothing(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

Test(service_job_records, silent_job_has_no_record)
{
    const filch_handler handler = {.type = "t", .fn = tells_nothing};
    filch_service_record *record = NULL;
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(filch_service_record_read(service, "a", &record, FILCH_FOREVER), -ENOENT);
    cr_assert(strstr(filch_error(), "no record of this job"), "%s", filch_error());
    cr_assert_eq(filch_service_record_read(service, NULL, &record, FILCH_FOREVER), -EINVAL);
    OK(filch_service_destroy(service));
}

Test(service_job_records, record_expires_after_ttl)
{
    int rc = 0;
    const filch_handler handler = {.type = "t", .fn = tells, .arg = &rc};
    filch_service_record *record = NULL;
    filch_service *service =
        service_of((filch_service_config){.clock = test_clock, .result_ttl = FILCH_SECOND},
                   &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(run_ready(service), 1);
    pass(FILCH_SECOND - 1);
    filch_service_record_destroy(read_record(service, "a"));
    pass(1);
    cr_assert_eq(filch_service_record_read(service, "a", &record, FILCH_FOREVER), -ENOENT);
    OK(filch_service_destroy(service));
}

static int waits_with_a_result(filch_self self, filch_service_job *job, void *arg)
{
    OK(filch_service_job_result(job, "stale", 5));
    signpost_raise(&at_work);
    signpost_wait(&may_go, 1);
    return 0;
}

Test(service_job_records, result_is_lost_with_lease)
{
    const filch_handler handler = {.type = "t", .fn = waits_with_a_result, .thread = true};
    fl_broker *other = beside("memory:", FL_BROKER_CONSUMES);
    fl_delivery *taken = NULL;
    filch_service_record *record = NULL;
    serving one;
    unsigned count = 0;
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    publish_with_id(service, "a");
    serving_begin(&one, service);
    signpost_wait(&at_work, 1);
    while (!count) { /* the service may extend its lease first */
        pass(PAST_LEASE);
        cr_assert_eq(fl_broker_memory.receive(other, 0, &taken, 1, &count), FL_BROKER_OK);
    }
    signpost_raise(&may_go);
    OK(filch_service_stop(service, FILCH_FOREVER));
    serving_end(&one);
    cr_assert_eq(filch_service_record_read(service, "a", &record, FILCH_FOREVER), -ENOENT);
    free(taken);
    fl_broker_memory.close(other);
    OK(filch_service_destroy(service));
}

static int tells_too_much(filch_self self, filch_service_job *job, void *arg)
{
    static const char large[FILCH_SERVICE_RECORD_MOST + 1];
    cr_assert_eq(filch_service_job_result(job, large, sizeof large), -EMSGSIZE);
    cr_assert(strstr(filch_error(), "65537 bytes are too many for a record (at most 65536)"), "%s",
              filch_error());
    cr_assert_eq(filch_service_job_progress(job, NULL, 1), -EINVAL);
    OK(filch_service_job_progress(job, large, sizeof large - 1));
    return filch_service_job_result(job, NULL, 0);
}

Test(service_job_records, result_holds_zero_to_64_kib)
{
    const filch_handler handler = {.type = "t", .fn = tells_too_much};
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(run_ready(service), 1);
    filch_service_record *record = read_record(service, "a");
    cr_assert_eq(record->state, FILCH_RECORD_DONE);
    cr_assert(is_text(record->result, record->result_size, ""));
    cr_assert_eq(record->progress_size, FILCH_SERVICE_RECORD_MOST);
    filch_service_record_destroy(record);
    OK(filch_service_destroy(service));
}

/* ---- Brokers that fail, or cannot ---- */

static int tells_of_long_ids(filch_self self, filch_service_job *job, void *arg)
{
    bool fits = strlen(filch_service_job_message(job)->id) <= FILCH_SERVICE_RECORD_ID_MOST;
    cr_assert_eq(filch_service_job_progress(job, "one", 3), fits ? 0 : -EMSGSIZE);
    cr_assert_eq(filch_service_job_result(job, "two", 3), fits ? 0 : -EMSGSIZE);
    cr_assert(fits || strstr(filch_error(), "id is too long"), "%s", filch_error());
    return 0;
}

Test(service_job_records, overlong_id_is_refused)
{
    const filch_handler handler = {.type = "t", .fn = tells_of_long_ids};
    char id[FILCH_SERVICE_RECORD_ID_MOST + 2];
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    memset(id, 'i', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    publish_with_id(service, id);
    publish_with_id(service, id + 1);
    cr_assert_eq(run_ready(service), 2);
    filch_service_record_destroy(read_record(service, id + 1));
    OK(filch_service_destroy(service));
}

static int is_refused_records(filch_self self, filch_service_job *job, void *arg)
{
    cr_assert_eq(filch_service_job_progress(job, "one", 3), -ENOTSUP);
    cr_assert_eq(filch_service_job_result(job, "one", 3), -ENOTSUP);
    cr_assert(strstr(filch_error(), "the broker plain keeps no records of jobs"), "%s",
              filch_error());
    return 0;
}

Test(service_job_records, a_broker_without_records_is_named)
{
    const filch_handler handler = {.type = "t", .fn = is_refused_records};
    filch_service_record *record = NULL;
    special = fl_broker_memory;
    special.name = "plain";
    special.caps.records = false;
    special.note = NULL;
    special.record = NULL;
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(run_ready(service), 1);
    cr_assert_eq(filch_service_record_read(service, "a", &record, FILCH_FOREVER), -ENOTSUP);
    cr_assert(strstr(filch_error(), "the broker plain"), "%s", filch_error());
    OK(filch_service_destroy(service));
}

static signpost notes, readings;

static fl_broker_rc note_at_last(fl_broker *broker, const fl_note *batch, unsigned count)
{
    static const fl_broker_rc results[] = {FL_BROKER_BUSY, FL_BROKER_LOST};
    unsigned call = signpost_count(&notes);
    signpost_raise(&notes);
    return call < 2 ? results[call] : fl_broker_memory.note(broker, batch, count);
}

static fl_broker_rc record_at_last(fl_broker *broker, const char *id, filch_service_record **out)
{
    static const fl_broker_rc results[] = {FL_BROKER_BUSY, FL_BROKER_LOST};
    unsigned call = signpost_count(&readings);
    signpost_raise(&readings);
    return call < 2 ? results[call] : fl_broker_memory.record(broker, id, out);
}

static fl_broker_rc never_notes(fl_broker *broker, const fl_note *batch, unsigned count)
{
    return FL_BROKER_BUSY;
}

static int tells_and_comes_again(filch_self self, filch_service_job *job, void *arg)
{
    OK(filch_service_job_progress(job, "one", 3));
    OK(filch_service_job_result(job, "early", 5));
    return filch_service_job_retry(job, FILCH_SECOND, "later");
}

Test(service_job_records, unsent_progress_travels_with_retry)
{
    const filch_handler handler = {.type = "t", .fn = tells_and_comes_again};
    special = fl_broker_memory;
    special.note = never_notes;
    filch_service *service = service_of((filch_service_config){.clock = test_clock}, &handler, 1);
    publish_with_id(service, "a");
    cr_assert_eq(run_ready(service), 1);
    filch_service_record *record = read_record(service, "a");
    cr_assert_eq(record->state, FILCH_RECORD_RUNNING);
    cr_assert(is_text(record->progress, record->progress_size, "one"));
    cr_assert_null(record->result);
    filch_service_record_destroy(record);
    OK(filch_service_destroy(service));
}

Test(service_job_records, failed_progress_and_reads_are_repeated)
{
    const filch_handler handler = {.type = "t", .fn = tells_at_first, .thread = true};
    serving one;
    special = fl_broker_memory;
    special.note = note_at_last;
    special.record = record_at_last;
    filch_service *service = service_of((filch_service_config){0}, &handler, 1);
    publish_with_id(service, "a");
    serving_begin(&one, service);
    signpost_wait(&notes, 3);
    signpost_wait(&at_work, 1);
    filch_service_record *record = NULL;
    while (filch_service_record_read(service, "a", &record, FILCH_FOREVER) == -ENOENT)
        ; /* the third is under way */
    cr_assert(is_text(record->progress, record->progress_size, "one"));
    cr_assert_geq(signpost_count(&readings), 3);
    filch_service_record_destroy(record);
    signpost_raise(&may_go);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
}
