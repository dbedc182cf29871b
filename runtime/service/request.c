/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/request.h>

#include <runtime/service/message.h>

#include <filch/base.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

fl_request *fl_request_of_message(const filch_message *message)
{
    fl_request *one = malloc(sizeof *one + fl_message_room(message));
    if (!one)
        return NULL;
    *one = (fl_request){.holders = 2};
    fl_message_copy(&one->message, message, one + 1);
    fl_message_take_trace(&one->message);
    return one;
}

fl_request *fl_request_of_record(const char *id)
{
    size_t size = strlen(id) + 1;
    fl_request *one = malloc(sizeof *one + size);
    if (one)
        *one = (fl_request){.read_id = memcpy(one + 1, id, size), .holders = 2};
    return one;
}

void fl_request_free(fl_request *request)
{
    filch_service_record_destroy(request->record);
    free(request);
}

int fl_request_explain(int status)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {-EEXIST, "an unfinished message has this dedup key; wait for it, or use another key"},
        {-EMSGSIZE, "the message is larger than the broker takes; store its body elsewhere"},
        {-ENOSPC, "the broker refused the message: its queue is full, or cannot be written for "
                  "now; publish it again, more slowly, or add workers"},
        {-ENOTSUP, "the message asks for a feature that this broker lacks; see "
                   "filch_service_describe"},
        {-EINVAL, "the broker cannot be used as configured; see the service's log"},
        {-EPIPE, "the service is being destroyed"},
        {-ENOENT, "no record of this job: it has told nothing yet, or its record is forgotten"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].code == status)
            return filch_error_set(status, "%s", texts[i].text);
    return status;
}
