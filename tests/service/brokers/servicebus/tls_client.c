/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/tls_client.h>

const tls_client tls_client_servicebus = {.kind = &fl_broker_servicebus,
                                          .url = "servicebus://tests:key@localhost:%d/?ca=%s"};
