/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * result: the record of a job, with its progress and result. */
#include "command.h"
#include "connection.h"
#include "find.h"
#include "letters.h"
#include "view.h"

#include <filch/service.h>
#include <tools/shared/spell.h>

static int show(const jobs_options *o, const char *id, const filch_service_record *record)
{
    if (o->json)
        return view_print(o, view_record_json(id, record));
    view_record_page(id, record, stdout);
    return JOBS_OK;
}

/* ---- A job without a record ---- */

static int show_letter(const jobs_options *o, const filch_message *letter)
{
    const char *since = filch_message_header(letter, "x-dlq-timestamp");
    unsigned long seconds;
    filch_service_record record = {.state = FILCH_RECORD_DEAD,
                                   .updated = letter->first_seen,
                                   .reason = filch_message_header(letter, VIEW_REASON)};
    if (since && spell_count(since, 0, INT64_MAX / FILCH_SECOND, &seconds))
        record.updated = (int64_t)seconds * FILCH_SECOND;
    return show(o, letter->id, &record);
}

/* A job without a record has reported nothing. If it has failed, it is a dead letter. */
static int find_letter(const jobs_options *o, const char *id)
{
    jobs_connection c;
    char queue[LETTERS_NAME];
    unsigned count = 0;
    bool found = false;
    int status = letters_queue(o, queue);
    status = status ? status : jobs_connect_to_read(&c, o, queue);
    if (status)
        return status;
    if (c.caps.peek)
        status = find_job(&c, id, show_letter, &found, &count);
    jobs_disconnect(&c);
    if (status || found)
        return status;
    fprintf(stderr,
            "%s: no record of job '%s', and no dead letter in queue '%s': the job has reported "
            "nothing, its record has expired, or it has failed in another queue (give --queue)\n",
            o->command, id, o->queue);
    return JOBS_REFUSED;
}

/* ---- A record ---- */

static int read_record(jobs_connection *c, const char *id, filch_service_record **out)
{
    fl_broker_rc rc;
    do
        rc = c->kind->record(c->broker, id, out);
    while (jobs_again(c, rc));
    return jobs_status(c, rc);
}

static int result(jobs_options *o)
{
    jobs_connection c;
    filch_service_record *record = NULL;
    const char *id = o->arguments[0];
    int status = jobs_connect_to_read(&c, o, o->queue);
    status = status ? status : jobs_check_needs(&c, JOBS_NEEDS_RECORDS);
    status = status ? status : read_record(&c, id, &record);
    if (record)
        status = show(o, id, record);
    filch_service_record_destroy(record);
    jobs_disconnect(&c);
    return status || record ? status : find_letter(o, id);
}

const jobs_command jobs_result_commands[] = {
    {"result", "ID", "progress and result of a job",
     "Shows the state of a job, its last progress and its result. The state is running (also "
     "while the job waits for another attempt), done, cancelled, or dead: the job has failed. The "
     "reason of a failure is shown, such as the exit status of the command and the end of its "
     "standard error. Records are kept by job id, for all queues, for a time that the service sets "
     "(result-ttl). A job that has reported nothing has no record; it is searched for among the "
     "dead letters of the queue.\n\n"
     "The exit status is 0 if a job is shown, even if that job has failed.\n\n"
     "Examples:\n"
     "  filch-jobs result 17\n"
     "  filch-jobs result 17 --json | jq -r .result\n"
     "  filch-jobs result 17 --json | jq -e '.state == \"done\"'\n",
     0, 1, 1, result},
    {0},
};
