/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages through a proxy that delivers each byte alone, or each piece late. */
#ifndef SERVICE_SLOW_WAY_H
#define SERVICE_SLOW_WAY_H

#include <tests/service/broker_bench.h>
#include <tests/support/system.h>

/* url: through the proxy. */
static inline void messages_come_whole_by(const proxy *way, proxy_mode mode,
                                          const fl_broker_kind *kind, const char *url)
{
    enum { MESSAGES = 3, BODY = 3000 };
    char body[BODY];
    const filch_header header = {"a header", "of some bytes"};
    bench b = {.kind = kind, .url = url};
    for (unsigned i = 0; i < BODY; i++)
        body[i] = (char)i;
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    proxy_set(way, mode);
    for (unsigned i = 0; i < MESSAGES; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.headers = &header,
                                                       .header_count = 1,
                                                       .body = body,
                                                       .body_size = BODY}),
                     0, "%s", kind->name);
    for (unsigned i = 0; i < MESSAGES; i++) {
        fl_delivery *one;
        WAIT_WHILE(!(one = bench_receive(&b)));
        cr_assert_eq(atoi(one->message.id), (int)i + 1, "%s", kind->name);
        cr_assert(one->message.body_size == BODY && !memcmp(one->message.body, body, BODY));
        cr_assert_str_eq(filch_message_header(&one->message, header.name), header.value);
        bench_ack(&b, one);
    }
    b.kind->close(b.consumer);
    b.kind->close(b.publisher);
    proxy_set(way, PROXY_PASSES);
}

/* port: the server's. format: of a URL, with the port in it. */
static inline void messages_come_whole(int port, const fl_broker_kind *kind, const char *format)
{
    char url[128];
    proxy way = proxy_start(port);
    snprintf(url, sizeof url, format, way.port);
    messages_come_whole_by(&way, PROXY_TRICKLES, kind, url);
    messages_come_whole_by(&way, PROXY_DELAYS, kind, url);
    proxy_end(&way);
}

#endif
