/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/rabbit.h>
#include <tests/fuzz/urls.h>

static fl_broker_rc parse(const fl_broker_host *host, const char *url)
{
    fl_rabbit_url read;
    fl_broker_rc rc = fl_rabbit_parse(host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.vhost, read.user, read.password, read.ca, read.cert, read.key);
        FUZZ_CHECK(*read.place.host && read.port == atoi(read.place.port), "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}

const fuzz_broker fuzz_rabbit = {.parse = parse};
