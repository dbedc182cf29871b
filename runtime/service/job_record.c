/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/job_record.h>

#include <stdlib.h>
#include <string.h>

/* Returns the copy, and moves *at behind it. */
static const void *put(char **at, const void *bytes, size_t size)
{
    char *copy = *at;
    if (!bytes)
        return NULL;
    if (size)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    *at += size + 1;
    return copy;
}

filch_service_record *fl_job_record_copy(const filch_service_record *record)
{
    size_t reason_size = record->reason ? strlen(record->reason) : 0;
    filch_service_record *copy =
        malloc(sizeof *copy + record->progress_size + record->result_size + reason_size + 3);
    if (!copy)
        return NULL;
    char *at = (char *)(copy + 1);
    *copy = *record;
    copy->progress = put(&at, record->progress, record->progress_size);
    copy->result = put(&at, record->result, record->result_size);
    copy->reason = put(&at, record->reason, reason_size);
    return copy;
}

void filch_service_record_destroy(filch_service_record *record)
{
    free(record);
}
