/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/record.h>

#include <runtime/service/service.h>

const char *const fl_record_names[] = {[FL_RECORD_SUCCESS] = "success",
                                       [FL_RECORD_FAILURE] = "failure",
                                       [FL_RECORD_ERROR] = "error",
                                       [FL_RECORD_CANCELLED] = "cancelled"};

int fl_record_init(fl_record *record)
{
    int rc = filch_distribution_create(&record->durations);
    for (unsigned i = 0; i < FL_RECORD_STATUSES && !rc; i++)
        rc = filch_counter_create(&record->counts[i]);
    return rc;
}

void fl_record_end(fl_record *record)
{
    filch_distribution_destroy(record->durations);
    for (unsigned i = 0; i < FL_RECORD_STATUSES; i++)
        filch_counter_destroy(record->counts[i]);
}

void fl_record_run(const filch_service_job *job)
{
    static const fl_record_status statuses[FILCH_SERVICE_OUTCOMES] = {
        [FILCH_SERVICE_DONE] = FL_RECORD_SUCCESS,
        [FILCH_SERVICE_RETRIED] = FL_RECORD_FAILURE,
        [FILCH_SERVICE_DEAD] = FL_RECORD_FAILURE,
        [FILCH_SERVICE_CANCELLED] = FL_RECORD_CANCELLED,
    };
    const fl_record *record = &job->type->record;
    filch_service_outcome outcome = job->verdict.outcome;
    if (outcome == FILCH_SERVICE_GIVEN_BACK || (job->refused && outcome == FILCH_SERVICE_RETRIED))
        return;
    filch_counter_add(record->counts[statuses[outcome]], 1);
    if (outcome != FILCH_SERVICE_CANCELLED)
        filch_distribution_record(record->durations, job->duration);
}

void fl_record_cancel(const filch_service_job *job)
{
    filch_counter_add(job->type->record.counts[FL_RECORD_CANCELLED], 1);
}

void fl_record_refusal(const filch_service_job *job)
{
    const fl_record *record = job->type ? &job->type->record : &job->service->other;
    filch_counter_add(record->counts[FL_RECORD_ERROR], 1);
}
