/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A broker in a module. The URL range:3 has the messages 1, 2 and 3, all of type echo; each connection
 * begins anew. In the folder of Filch's sources:
 *   mkdir modules
 *   cc -shared -fPIC -I. -Iinclude docs/examples/worker/range_broker.c -o modules/filch-broker-range.so
 *   FILCH_BROKER_PATH=$PWD/modules filch-worker --broker range:3 --once
 * Interface and contract: runtime/service/broker.h. */
#include <runtime/service/broker.h>

#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES_MOST = 1000000 };

typedef enum state { WAITS, LEASED, DONE } state;

typedef struct item {
    state state;
    unsigned attempt; /* 1: the first */
} item;

typedef struct range {
    fl_broker base; /* first */
    unsigned count, next;
    item items[];
} range;

static const fl_broker_kind kind;

/* ---- Life ---- */

/* 0: it does not parse. */
static unsigned count_of(const char *url)
{
    char *end;
    unsigned long count = strtoul(url + sizeof "range:" - 1, &end, 10);
    return *end || count > MESSAGES_MOST ? 0 : (unsigned)count;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    return count_of(config->url)
               ? FL_BROKER_OK
               : config->host->explain(config->host, FL_BROKER_FATAL,
                                       "unusable URL %s (valid: range:1..range:%d)", config->url,
                                       MESSAGES_MOST);
}

static fl_broker_rc open_range(fl_broker **out, const fl_broker_config *config)
{
    unsigned count = count_of(config->url);
    const fl_broker_host *host = config->host;
    if (!count)
        return check(config);
    range *all = calloc(1, sizeof *all + count * sizeof *all->items);
    if (!all)
        return host->explain(host, FL_BROKER_LOST, "no memory for a range; free some");
    all->base = (fl_broker){&kind, host};
    all->count = count;
    for (unsigned i = 0; i < count; i++)
        all->items[i].attempt = 1;
    *out = &all->base;
    return FL_BROKER_OK;
}

static void close_range(fl_broker *broker)
{
    free(broker);
}

/* ---- Messages ---- */

static fl_delivery *deliver(range *all, unsigned i)
{
    char id[32], body[16];
    snprintf(id, sizeof id, "range-%u", i + 1);
    int size = snprintf(body, sizeof body, "%u", i + 1);
    const filch_message message = {.id = id,
                                   .type = "echo",
                                   .body = body,
                                   .body_size = (size_t)size,
                                   .attempt = all->items[i].attempt};
    fl_delivery *delivery = all->base.host->delivery(all->base.host, &message);
    if (!delivery)
        return NULL;
    delivery->tag[0] = i;
    delivery->lease_until = FILCH_FOREVER; /* the connection holds the lease */
    all->items[i].state = LEASED;
    return delivery;
}

/* All from the first queue of the service. */
static fl_broker_rc receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count)
{
    range *all = (range *)broker;
    *count = 0;
    for (; queue == 0 && all->next < all->count && *count < most; all->next++) {
        if (all->items[all->next].state != WAITS)
            continue;
        out[*count] = deliver(all, all->next);
        if (!out[*count])
            break; /* no memory: the message stays where it is */
        ++*count;
    }
    return FL_BROKER_OK;
}

static fl_broker_rc settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    range *all = (range *)broker;
    for (unsigned i = 0; i < count; i++) {
        unsigned at = (unsigned)batch[i].delivery->tag[0];
        bool again = batch[i].verb == FL_SETTLE_RETURN || batch[i].verb == FL_SETTLE_RETRY;
        all->items[at].state = again ? WAITS : DONE;
        if (batch[i].verb == FL_SETTLE_RETRY)
            all->items[at].attempt = batch[i].attempt;
        if (again && at < all->next)
            all->next = at;
        batch[i].status = 0;
    }
    return FL_BROKER_OK;
}

static fl_broker_rc publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    (void)broker;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -ENOTSUP;
    return FL_BROKER_OK;
}

static const fl_broker_kind kind = {
    .abi = FL_BROKER_ABI,
    .size = sizeof kind,
    .name = "range",
    .schemes = "range",
    .caps = {.lease_most = FILCH_FOREVER},
    .open = open_range,
    .close = close_range,
    .receive = receive,
    .settle = settle,
    .publish = publish,
    .check = check,
};

FL_BROKER_EXPORT(kind);
