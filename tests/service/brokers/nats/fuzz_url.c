/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/url.h>
#include <tests/fuzz/urls.h>

static fl_broker_rc parse(const fl_broker_host *host, const char *url)
{
    fl_nats_options read;
    fl_broker_rc rc = fl_nats_parse(host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.hosts, read.stream, read.prefix, read.user, read.password, read.token,
                   read.creds, read.ca, read.cert, read.key);
        FUZZ_CHECK(*read.hosts && fl_nats_is_name(read.stream, ""), "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}

const fuzz_broker fuzz_nats = {.parse = parse};
