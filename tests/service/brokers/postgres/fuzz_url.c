/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/postgres/postgres.h>
#include <tests/fuzz/urls.h>

static fl_broker_rc parse(const fl_broker_host *host, const char *url)
{
    fl_pg_target read;
    fl_broker_rc rc = fl_pg_parse(host, url, &read);
    if (!rc) {
        FUZZ_CHECK(*read.schema && strlen(read.schema) < sizeof read.schema, "%s", url);
        fl_pg_target_end(&read);
    }
    return rc;
}

const fuzz_broker fuzz_postgres = {.parse = parse};
