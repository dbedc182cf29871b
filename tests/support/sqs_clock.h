/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The clocks of a test of the broker sqs: the service's and the server's. */
#ifndef SUPPORT_SQS_CLOCK_H
#define SUPPORT_SQS_CLOCK_H

#include <tests/support/service.h>
#include <tests/support/sqs.h>

/* The server's leases are longer by an eighth. */
static inline void sqs_pass(int64_t ns)
{
    sqs_order("advance?ns=%lld", (long long)(ns + ns / 8));
    pass(ns);
}

#endif
