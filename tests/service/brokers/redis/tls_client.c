/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/tls_client.h>

const tls_client tls_client_redis = {.kind = &fl_broker_redis,
                                     .url = "rediss://localhost:%d?ca=%s"};
