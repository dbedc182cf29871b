/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/tls_client.h>

const tls_client tls_client_pubsub = {
    .kind = &fl_broker_pubsub,
    .url = "pubsub://p?endpoint=https://localhost:%d&credentials=none&ca=%s",
    .answer = TLS_HTTP_ANSWER};
