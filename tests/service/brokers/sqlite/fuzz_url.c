/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/sqlite.h>
#include <tests/fuzz/urls.h>

static fl_broker_rc parse(const fl_broker_host *host, const char *url)
{
    char *path = NULL;
    bool full;
    fl_broker_rc rc = fl_sqlite_parse(host, url, &path, &full);
    FUZZ_CHECK(rc || (path && *path), "no path in %s", url);
    free(path);
    return rc;
}

const fuzz_broker fuzz_sqlite = {.parse = parse, .is_path = true};
