/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/tls_client.h>

const tls_client tls_client_rabbit = {.kind = &fl_broker_rabbit,
                                      .url = "amqps://guest:guest@localhost:%d/?ca=%s"};
