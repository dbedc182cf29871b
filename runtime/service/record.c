/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/record.h>

#include <runtime/service/service.h>

const char *const fl_record_names[] = {
    [FL_RECORD_SUCCESS] = "success", [FL_RECORD_FAILURE] = "failure", [FL_RECORD_ERROR] = "error"};

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
    const fl_record *record = &job->type->record;
    if (job->refused || job->verdict.outcome == FILCH_SERVICE_GIVEN_BACK)
        return;
    bool done = job->verdict.outcome == FILCH_SERVICE_DONE;
    filch_counter_add(record->counts[done ? FL_RECORD_SUCCESS : FL_RECORD_FAILURE], 1);
    filch_distribution_record(record->durations, job->duration);
}

void fl_record_refusal(const filch_service_job *job)
{
    const fl_record *record = job->type ? &job->type->record : &job->service->other;
    filch_counter_add(record->counts[FL_RECORD_ERROR], 1);
}
