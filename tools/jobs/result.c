/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * result: the record of a job, with its progress and result. */
#include "command.h"
#include "connection.h"
#include "view.h"

#include <filch/service.h>

static int read_record(jobs_connection *c, const char *id, filch_service_record **out)
{
    fl_broker_rc rc;
    do
        rc = c->kind->record(c->broker, id, out);
    while (jobs_again(c, rc));
    int status = jobs_status(c, rc);
    if (status || *out)
        return status;
    fprintf(stderr,
            "%s: no record of job '%s': it has reported nothing yet, or its record has expired; if "
            "it is a dead letter, see filch-jobs dead show %s\n",
            c->options->command, id, id);
    return JOBS_REFUSED;
}

static int result(jobs_options *o)
{
    jobs_connection c;
    filch_service_record *record = NULL;
    const char *id = o->arguments[0];
    int status = jobs_connect_to_read(&c, o, o->queue);
    status = status ? status : jobs_check_needs(&c, JOBS_NEEDS_RECORDS);
    status = status ? status : read_record(&c, id, &record);
    if (!status && o->json)
        status = view_print(o, view_record_json(id, record));
    else if (!status)
        view_record_page(id, record, stdout);
    filch_service_record_destroy(record);
    jobs_disconnect(&c);
    return status;
}

const jobs_command jobs_result_commands[] = {
    {"result", "ID", "progress and result of a job",
     "Shows what a job has reported: its last progress and its result; whether it is running (also "
     "while it waits for another attempt), done or dead; and the reason if it is a dead letter. "
     "Records are kept by the ids of jobs, for all queues, and are forgotten after a time that the "
     "service sets (result-ttl). A job that tells nothing has none.\n\n"
     "Examples:\n"
     "  filch-jobs result 17\n"
     "  filch-jobs result 17 --json | jq -r .result\n",
     0, 1, 1, result},
    {0},
};
