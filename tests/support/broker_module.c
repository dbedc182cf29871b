/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A module of a broker that cannot be used. A macro chooses the reason: another ABI, a wrong size,
 * another name of its symbol, a missing client library. */
#include <runtime/service/broker.h>

#ifndef ABI
#define ABI FL_BROKER_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(fl_broker_kind)
#endif

static const fl_broker_kind kind = {.abi = ABI, .size = SIZE, .name = "x", .schemes = "x"};

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
