/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/url.h>
#include <tests/fuzz/urls.h>

static fl_broker_rc parse(const fl_broker_host *host, const char *url)
{
    fl_sqs_options read;
    fl_broker_rc rc = fl_sqs_parse(host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.account, read.region, read.profile, read.ca, read.group);
        FUZZ_CHECK(*read.host && *read.region, "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}

const fuzz_broker fuzz_sqs = {.parse = parse};
