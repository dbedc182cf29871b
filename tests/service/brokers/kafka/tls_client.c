/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/tls_client.h>

#ifndef FILCH_TSAN /* librdkafka calls thrd_create, which thread sanitizer does not know */
const tls_client tls_client_kafka = {.kind = &fl_broker_kafka,
                                     .url = "kafka+tls://localhost:%d?ca=%s",
                                     .call_timeout = 2 * FILCH_SECOND};
#else
const tls_client tls_client_kafka = {0};
#endif
