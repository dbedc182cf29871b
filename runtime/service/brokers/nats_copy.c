/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats_header.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Does the settlement bring one of this name? */
static bool is_replaced(const char *key, const fl_settlement *settlement)
{
    char *name = malloc(strlen(key) + 2);
    bool found = false;
    if (!name)
        return false;
    fl_nats_read_header(key, "", name);
    for (unsigned i = 0; i < settlement->header_count && !found; i++)
        found = strcasecmp(name, settlement->headers[i].name) == 0;
    free(name);
    return found;
}

/* Headers as they are, escapes included. */
static natsStatus copy_headers(natsMsg *to, natsMsg *from, const fl_settlement *settlement)
{
    const char **keys = NULL;
    int count = 0;
    natsStatus status = natsMsgHeader_Keys(from, &keys, &count);
    if (status == NATS_NOT_FOUND || status == NATS_PROTOCOL_ERROR) /* none, or none to be read */
        return NATS_OK;
    for (int i = 0; i < count && status == NATS_OK; i++) {
        const char **values = NULL;
        int value_count = 0;
        if (fl_nats_is_changing(keys[i]) || is_replaced(keys[i], settlement))
            continue;
        status = natsMsgHeader_Values(from, keys[i], &values, &value_count);
        for (int k = 0; k < value_count && status == NATS_OK; k++)
            status = natsMsgHeader_Add(to, keys[i], values[k]);
        free((void *)values);
    }
    free((void *)keys);
    return status;
}

/* The fields of the copy that differ. */
static filch_message changes_of(const fl_settlement *settlement)
{
    filch_message message = settlement->delivery->message;
    bool is_retry = settlement->verb == FL_SETTLE_RETRY;
    message.attempt = is_retry ? settlement->attempt : message.attempt;
    message.delay = is_retry && settlement->delay > 0 ? settlement->delay : 0;
    /* the delivery that is returned does not count */
    message.deliveries =
        settlement->verb == FL_SETTLE_RETURN && message.deliveries ? message.deliveries - 1 : 0;
    message.expires = settlement->verb == FL_SETTLE_DEAD ? 0 : message.expires;
    return message;
}

natsMsg *fl_nats_copy(const fl_nats *n, unsigned index, const char *subject,
                      const fl_settlement *settlement)
{
    char number[FL_NATS_SUBJECT];
    natsMsg *from = settlement->delivery->handle;
    const filch_message changes = changes_of(settlement);
    natsMsg *copy = fl_nats_message(n, index, subject, natsMsg_GetData(from),
                                    (size_t)natsMsg_GetDataLength(from));
    if (!copy)
        return NULL;
    /* of the same settlement, sent again: the answer's subject is new for each delivery */
    snprintf(number, sizeof number, "%d-%s", (int)settlement->verb, natsMsg_GetReply(from));
    natsStatus status = natsMsgHeader_Set(copy, "Nats-Msg-Id", number);
    if (status == NATS_OK)
        status = copy_headers(copy, from, settlement);
    if (status == NATS_OK)
        status = fl_nats_write_fields(copy, &changes, true);
    for (unsigned i = 0; i < settlement->header_count && status == NATS_OK; i++)
        status =
            fl_nats_write_header(copy, settlement->headers[i].name, settlement->headers[i].value);
    if (status == NATS_OK)
        return copy;
    natsMsg_Destroy(copy);
    return NULL;
}
