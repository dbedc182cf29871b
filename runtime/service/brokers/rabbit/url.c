/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/rabbit.h>

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const fl_url_option known[] = {
    {"queue", "quorum, classic",
     "the type of queues that Filch creates; classic ones forget acknowledgements when the server "
     "is killed, so finished jobs run again, and they count no deliveries, so poison is not "
     "found; default: quorum",
     FL_URL_WORD, offsetof(fl_rabbit_url, classic), 0, 0},
    FL_URL_CREATE(fl_rabbit_url, "queues"),
    {"adopt", "yes, no",
     "replaces a message without message_id by a copy with one before it runs; default: no",
     FL_URL_FLAG, offsetof(fl_rabbit_url, adopt), 0, 0},
    {"delivery-limit", "NUMBER",
     "the server makes a message a dead letter after this number of failed deliveries; "
     "default: 20",
     FL_URL_NUMBER, offsetof(fl_rabbit_url, delivery_limit), 1, 1000000},
    {"heartbeat", "SECONDS",
     "the interval of heartbeats in seconds; two that are missing end the connection; "
     "default: 10",
     FL_URL_NUMBER, offsetof(fl_rabbit_url, heartbeat), 1, 3600},
    FL_URL_CA(fl_rabbit_url),
    FL_URL_CERT(fl_rabbit_url),
    FL_URL_KEY(fl_rabbit_url),
    FL_URL_PLAINTEXT(fl_rabbit_url, "a password"),
};

const fl_url_kind fl_rabbit_url_kind = {.name = "rabbitmq",
                                        .form = "amqp[s]://USER:PASSWORD@HOST:PORT/VHOST",
                                        .options = known,
                                        .count = sizeof known / sizeof *known,
                                        .others = ""};

static fl_broker_rc is_safe(const fl_broker_host *host, const fl_rabbit_url *url)
{
    if (strcmp(url->user, "guest") == 0 &&
        !fl_loopback_has(url->place.host, strlen(url->place.host)))
        return host->explain(host, FL_BROKER_FATAL,
                             "user 'guest' at %s (valid only on loopback); create a user with "
                             "rabbitmqctl add_user, and name it in the URL",
                             url->place.host);
    return url->has_tls || url->plaintext
               ? FL_BROKER_OK
               : fl_url_refuse_plain(host, &fl_rabbit_url_kind, url->url.hosts, "a password",
                                     "amqps://");
}

fl_broker_rc fl_rabbit_parse(const fl_broker_host *host, const char *url, fl_rabbit_url *out)
{
    const fl_url_kind *kind = &fl_rabbit_url_kind;
    *out = (fl_rabbit_url){.heartbeat = 10, .delivery_limit = 20, .creates = true, .vhost = "/"};
    out->has_tls = strncmp(url, "amqps:", 6) == 0;
    fl_broker_rc rc = fl_url_cut(host, kind, url, &out->url);
    rc = rc ? rc : fl_url_login(host, kind, &out->url, &out->user, &out->password);
    rc = rc ? rc
            : fl_url_place_read(host, kind, out->url.hosts, out->has_tls ? "5671" : "5672",
                                &out->place);
    if (rc)
        return rc;
    out->port = atoi(out->place.port);
    out->user = out->user ? out->user : "guest";
    out->password = out->password ? out->password : "guest";
    if (out->url.path && *out->url.path) /* amqp://HOST/, which people write for the default */
        out->vhost = fl_url_decode(out->url.path);
    rc = fl_url_read(host, kind, out->url.settings, out);
    return rc ? rc : is_safe(host, out);
}
