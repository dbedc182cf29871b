/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The clocks of a test of the broker sqs: the service's and the server's. */
#ifndef SERVICE_SQS_CLOCK_H
#define SERVICE_SQS_CLOCK_H

#include <tests/service/brokers/sqs/sqs.h>
#include <tests/service/service.h>

/* The server's leases are longer by an eighth. */
static inline void sqs_pass(int64_t ns)
{
    sqs_order("advance?ns=%lld", (long long)(ns + ns / 8));
    pass(ns);
}

#endif
