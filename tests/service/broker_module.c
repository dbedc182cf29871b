/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A module of a broker that cannot be used. A macro chooses the reason: another ABI, a wrong size,
 * another name of its symbol, a missing client library, a capability without its function. */
#include <runtime/service/broker.h>

#ifndef ABI
#define ABI FL_BROKER_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(fl_broker_kind)
#endif

#ifdef CAPABILITY
static fl_broker_rc opens(fl_broker **out, const fl_broker_config *config)
{
    return config->host->explain(config->host, FL_BROKER_FATAL, "it only has a capability");
}

static void closes(fl_broker *broker)
{
}

static fl_broker_rc receives(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                             unsigned *count)
{
    *count = 0;
    return FL_BROKER_OK;
}

static fl_broker_rc settles(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    return FL_BROKER_OK;
}

static fl_broker_rc publishes(fl_broker *broker, fl_publication *batch, unsigned count)
{
    return FL_BROKER_OK;
}
#define MORE                                                                                       \
    .caps = {.CAPABILITY = true}, .open = opens, .close = closes, .receive = receives,             \
    .settle = settles, .publish = publishes
#else
#define MORE .caps = {0}
#endif

static const fl_broker_kind kind = {.abi = ABI, .size = SIZE, .name = "x", .schemes = "x", MORE};

#ifdef SYMBOL
FILCH_API extern const fl_broker_kind *const SYMBOL;
const fl_broker_kind *const SYMBOL = &kind;
#else
FL_BROKER_EXPORT(kind);
#endif

#ifdef CLIENT
FILCH_API int CLIENT(void);
FILCH_API int calls_its_client(void);
int calls_its_client(void)
{
    return CLIENT();
}
#endif
