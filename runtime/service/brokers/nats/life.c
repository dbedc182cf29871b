/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/platform/hash.h>
#include <runtime/service/broker.h>

#include <filch/wait.h>

#include <errno.h>

static const int64_t ANSWER_WITHIN = FILCH_SECOND;

/* A server draws a name when it starts; this is a hash of it. */
void fl_nats_begin_life(fl_nats *n)
{
    char name[128] = "";
    natsConnection_GetConnectedServerId(n->connection, name, sizeof name);
    n->life = fl_hash_text(name);
}

/* Does the stream have the message that was delivered, and not another of its number? */
static bool is_stored(fl_nats *n, const fl_delivery *delivery)
{
    natsMsg *found = NULL;
    jsErrCode code = 0;
    jsOptions options;
    uint64_t deliveries, sequence;
    int64_t stored;
    if (n->is_mute || !fl_nats_metadata(natsMsg_GetReply(delivery->handle), n->options.stream,
                                        &deliveries, &sequence, &stored))
        return false;
    jsOptions_Init(&options);
    options.Wait = ANSWER_WITHIN / FILCH_MILLISECOND;
    natsStatus status = js_GetMsg(&found, n->js, n->options.stream, sequence, &options, &code);
    n->is_mute = status == NATS_TIMEOUT; /* this user may not ask, so it asks once */
    bool is_same = status == NATS_OK && natsMsg_GetTime(found) == stored;
    natsMsg_Destroy(found);
    return is_same;
}

int fl_nats_verify(fl_nats *n, fl_delivery *delivery)
{
    if (delivery->lease_until <= fl_nats_now(n))
        return -ESTALE;
    if (delivery->tag[0] != n->life && !is_stored(n, delivery))
        return -ESTALE;
    delivery->tag[0] = n->life;
    return 0;
}
