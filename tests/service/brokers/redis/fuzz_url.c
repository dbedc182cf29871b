/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/url.h>
#include <tests/fuzz/urls.h>

static fl_broker_rc parse(const fl_broker_host *host, const char *url)
{
    fl_redis_url read;
    fl_broker_rc rc = fl_redis_url_parse(host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.socket, read.user, read.password, read.ca);
        FUZZ_CHECK(read.socket || (*read.place.host && atoi(read.place.port)), "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}

const fuzz_broker fuzz_redis = {.parse = parse};
