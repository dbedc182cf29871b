/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/tls_client.h>

const tls_client tls_client_nats = {
    .kind = &fl_broker_nats,
    .url = "nats+tls://localhost:%d/jobs?ca=%s",
    .greeting = "INFO {\"server_id\":\"A\",\"version\":\"2.9.0\",\"tls_required\":true}\r\n"};
