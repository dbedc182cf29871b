/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/tls_client.h>

const tls_client tls_client_postgres = {
    .kind = &fl_broker_postgres,
    .url = "postgres://filch@localhost:%d/db?sslmode=verify-full&gssencmode=disable&"
           "hostaddr=127.0.0.1&sslrootcert=%s",
    .request = sizeof(uint32_t[2]),
    .consent = "S"};
