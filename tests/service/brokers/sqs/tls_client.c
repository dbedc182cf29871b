/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdlib.h>
#include <tests/service/tls_client.h>

static void set_keys(void)
{
    setenv("AWS_ACCESS_KEY_ID", "id", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
}

const tls_client tls_client_sqs = {.kind = &fl_broker_sqs,
                                   .url = "sqs://localhost:%d/?region=eu-central-1&ca=%s",
                                   .prepare = set_keys,
                                   .answer = TLS_HTTP_ANSWER};
