/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bare loops on the consumer of the broker nats: a pull request for each batch, an acknowledgement
 * for each message. The service's acknowledgements are confirmed by the server, as those of the first
 * loop; those of the second are not, so one that is lost makes a job run twice. */
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <tests/service/brokers/nats/nats.h>

#include <nats/nats.h>

enum { FETCH_MS = 10000 };

typedef struct bare {
    natsConnection *connection;
    jsCtx *js;
    natsSubscription *pull, *confirmed;
    natsInbox *inbox;
} bare;

static void check(natsStatus status, const char *call)
{
    if (status != NATS_OK)
        worker_bare_die(call, natsStatus_GetText(status));
}

/* url: nats://HOST:PORT/STREAM; the stream's name is the prefix of its subjects as well. */
static void *open_bare(const char *url)
{
    static bare b;
    char server[128], subject[128];
    const char *stream = strrchr(url, '/') + 1;
    jsSubOptions options;
    jsErrCode code;
    snprintf(server, sizeof server, "%.*s", (int)(stream - 1 - url), url);
    snprintf(subject, sizeof subject, "%s." BAR_QUEUE, stream);
    check(natsConnection_ConnectTo(&b.connection, server), "natsConnection_ConnectTo");
    check(natsConnection_JetStream(&b.js, b.connection, NULL), "natsConnection_JetStream");
    jsSubOptions_Init(&options);
    options.Stream = stream;
    options.Consumer = BAR_QUEUE;
    options.ManualAck = true;
    check(js_PullSubscribe(&b.pull, b.js, subject, BAR_QUEUE, NULL, &options, &code),
          "js_PullSubscribe");
    check(natsInbox_Create(&b.inbox), "natsInbox_Create");
    check(natsConnection_SubscribeSync(&b.confirmed, b.connection, b.inbox),
          "natsConnection_SubscribeSync");
    return &b;
}

static int fetch(const bare *b, natsMsgList *list, const worker_bare *how, long count)
{
    jsErrCode code;
    int most = count < (long)how->batch ? (int)count : (int)how->batch;
    check(natsSubscription_Fetch(list, b->pull, most, FETCH_MS, &code), "natsSubscription_Fetch");
    return list->Count;
}

static void consume_confirmed(void *bare_, const worker_bare *how, long count)
{
    const bare *b = bare_;
    while (count > 0) {
        natsMsgList list;
        int got = fetch(b, &list, how, count);
        for (int i = 0; i < got; i++)
            check(natsConnection_PublishRequestString(b->connection, natsMsg_GetReply(list.Msgs[i]),
                                                      b->inbox, "+ACK"),
                  "natsConnection_PublishRequestString");
        check(natsConnection_Flush(b->connection), "natsConnection_Flush");
        for (int i = 0; i < got; i++) {
            natsMsg *reply;
            check(natsSubscription_NextMsg(&reply, b->confirmed, FETCH_MS),
                  "natsSubscription_NextMsg");
            if (natsMsg_IsNoResponders(reply))
                worker_bare_die("natsSubscription_NextMsg", "nobody takes acknowledgements");
            natsMsg_Destroy(reply);
        }
        count -= got;
        natsMsgList_Destroy(&list);
    }
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    const bare *b = bare_;
    while (count > 0) {
        natsMsgList list;
        int got = fetch(b, &list, how, count);
        for (int i = 0; i < got; i++)
            check(natsMsg_Ack(list.Msgs[i], NULL), "natsMsg_Ack");
        count -= got;
        natsMsgList_Destroy(&list);
    }
    check(natsConnection_Flush(b->connection), "natsConnection_Flush");
}

static void close_bare(void *bare_)
{
    bare *b = bare_;
    natsSubscription_Destroy(b->pull);
    natsSubscription_Destroy(b->confirmed);
    natsInbox_Destroy(b->inbox);
    jsCtx_Destroy(b->js);
    natsConnection_Destroy(b->connection);
}

static const worker_bare bares[] = {
    {"acks confirmed", 100, open_bare, consume_confirmed, close_bare, MEASURE_AT_LEAST, 0.8},
    {"not confirmed", 100, open_bare, consume, close_bare, MEASURE_REPORTED, 0},
    {0},
};

/* ---- Its server ---- */

static const char *server_url(void)
{
    if (!nats.pid)
        nats_start(nats_jetstream());
    return nats_url("");
}

static const char *fleet_url(void)
{
    if (!nats.pid)
        nats_start_with("");
    return nats_url("");
}

static void restart(void)
{
    nats_start_with("");
}

const worker_broker worker_broker_nats = {
    .settings =
        {
            {.name = "nats", .url = server_url, .jobs = 10000, .is_durable = true, .bares = bares},
        },
    .server = {.name = "nats", .url = fleet_url, .restart = restart},
};
