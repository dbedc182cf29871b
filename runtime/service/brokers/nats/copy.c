/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/header.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Has the copy a header of this name? */
static bool has(const filch_message *message, const char *key)
{
    char *name = malloc(strlen(key) + 2);
    if (!name)
        return false;
    fl_nats_read_header(key, "", name);
    bool found = filch_message_header(message, name);
    free(name);
    return found;
}

/* Fields of the original that do not change, and headers that its delivery lacks, as those of a message
 * over a limit: as they are, escapes included. */
static natsStatus copy_rest(natsMsg *to, natsMsg *from, const filch_message *message)
{
    const char **keys = NULL;
    int count = 0;
    natsStatus status = natsMsgHeader_Keys(from, &keys, &count);
    if (status == NATS_NOT_FOUND || status == NATS_PROTOCOL_ERROR) /* none, or none to be read */
        return NATS_OK;
    for (int i = 0; i < count && status == NATS_OK; i++) {
        const char **values = NULL;
        int value_count = 0;
        if (fl_nats_is_changing(keys[i]) || has(message, keys[i]))
            continue;
        status = natsMsgHeader_Values(from, keys[i], &values, &value_count);
        for (int k = 0; k < value_count && status == NATS_OK; k++)
            status = natsMsgHeader_Add(to, keys[i], values[k]);
        free((void *)values);
    }
    free((void *)keys);
    return status;
}

natsMsg *fl_nats_copy(const fl_nats *n, unsigned index, const char *subject,
                      const fl_publication *copy)
{
    char number[2 * FL_NATS_SUBJECT];
    const filch_message *message = copy->message;
    natsMsg *from = copy->copy_of->handle;
    natsMsg *to = fl_nats_message(n, index, subject, natsMsg_GetData(from),
                                  (size_t)natsMsg_GetDataLength(from));
    if (!to)
        return NULL;
    /* of the same settlement, sent again: the answer's subject is new for each delivery */
    snprintf(number, sizeof number, "%s-%u-%s", subject, message->attempt, natsMsg_GetReply(from));
    natsStatus status = natsMsgHeader_Set(to, "Nats-Msg-Id", number);
    if (status == NATS_OK)
        status = copy_rest(to, from, message);
    if (status == NATS_OK)
        status = fl_nats_write_fields(to, message, true);
    for (size_t i = 0; i < message->header_count && status == NATS_OK; i++)
        status = fl_nats_write_header(to, message->headers[i].name, message->headers[i].value);
    if (status == NATS_OK)
        return to;
    natsMsg_Destroy(to);
    return NULL;
}
