/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/kafka/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/loopback.h>
#include <runtime/service/url.h>

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Kafka allows 249 characters in the name of a topic; ".dlq.dlq.retry" has to fit behind it. */
enum { NAME_MOST = 200, SETTINGS_MOST = 32 };

bool fl_kafka_is_topic(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
            return false;
    return length && length <= NAME_MOST && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool fl_kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    return rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK;
}

/* ---- Parts ---- */

static const fl_url_option known[] = {
    {"group", offsetof(fl_kafka_options, group), false},
    {"ca", offsetof(fl_kafka_options, ca), false},
    {"cert", offsetof(fl_kafka_options, cert), false},
    {"key", offsetof(fl_kafka_options, key), false},
    {"create", offsetof(fl_kafka_options, creates), true},
    {"ordering", offsetof(fl_kafka_options, is_ordered), true},
    {"plain-password", offsetof(fl_kafka_options, sends_plain), true},
};

/* Settings on which the guarantees rest, or that kafka_connect.c would replace without a word; with their aliases. */
static const char *const ours[] = {"bootstrap.servers",
                                   "metadata.broker.list",
                                   "group.id",
                                   "enable.auto.commit",
                                   "enable.auto.offset.store",
                                   "auto.offset.reset",
                                   "enable.partition.eof",
                                   "allow.auto.create.topics",
                                   "partition.assignment.strategy",
                                   "enable.idempotence",
                                   "acks",
                                   "request.required.acks",
                                   "message.timeout.ms",
                                   "delivery.timeout.ms",
                                   "message.max.bytes",
                                   "linger.ms",
                                   "queue.buffering.max.ms",
                                   "security.protocol",
                                   "sasl.username",
                                   "sasl.password"};
enum { OURS = sizeof ours / sizeof *ours };

static fl_broker_rc keep_setting(const fl_broker_host *host, const char *name, const char *value,
                                 void *options_out, bool *is_known)
{
    fl_kafka_options *out = options_out;
    *is_known = strchr(name, '.') || strcmp(name, "debug") == 0;
    if (!*is_known)
        return FL_BROKER_OK;
    for (unsigned i = 0; i < OURS; i++)
        if (strcmp(ours[i], name) == 0)
            return host->explain(host, FL_BROKER_FATAL,
                                 "setting '%s' of librdkafka is fixed (valid: others)", name);
    if (out->setting_count == SETTINGS_MOST)
        return host->explain(host, FL_BROKER_FATAL,
                             "too many settings of librdkafka: '%s' (valid: up to %d)", name,
                             SETTINGS_MOST);
    out->settings[out->setting_count][0] = name;
    out->settings[out->setting_count++][1] = value;
    return FL_BROKER_OK;
}

static const fl_url_kind kind = {
    .name = "kafka",
    .form = "kafka://HOST[:PORT][,HOST...]",
    .options = known,
    .count = sizeof known / sizeof *known,
    .others = " and settings of librdkafka such as session.timeout.ms",
    .read_other = keep_setting,
};

static fl_broker_rc check(const fl_broker_host *host, const fl_kafka_options *out)
{
    if (!*out->hosts)
        return host->explain(host, FL_BROKER_FATAL, "URL of kafka without a host (valid: %s)",
                             kind.form);
    if (!*out->group)
        return host->explain(host, FL_BROKER_FATAL, "group= is empty (valid: group=NAME)");
    if (out->user && !out->password)
        return host->explain(host, FL_BROKER_FATAL,
                             "login of kafka without a password (valid: USER:PASSWORD@HOST)");
    if (out->password && !out->has_tls && !fl_loopback_has_all(out->hosts) && !out->sends_plain)
        return host->explain(host, FL_BROKER_FATAL,
                             "kafka:// would send a password in plain text to another machine; "
                             "use kafka+tls://, or add plain-password=yes");
    return FL_BROKER_OK;
}

static void read_login(char *login, fl_kafka_options *out)
{
    char *password = fl_cut(login, ':');
    out->user = fl_url_decode(login);
    out->password = password ? fl_url_decode(password) : NULL;
}

fl_broker_rc fl_kafka_parse(const fl_broker_host *host, const char *url, fl_kafka_options *out)
{
    *out = (fl_kafka_options){.group = "filch", .creates = true};
    out->has_tls = strncmp(url, "kafka+tls:", 10) == 0;
    fl_broker_rc rc = fl_url_cut(host, &kind, url, &out->url);
    if (rc)
        return rc;
    out->hosts = out->url.hosts;
    if (out->url.login)
        read_login(out->url.login, out);
    if (out->url.path && *out->url.path)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of kafka with the path '%s' (valid: none; queues are topics)",
                             fl_url_show(out->url.path));
    rc = fl_url_read(host, &kind, out->url.settings, out);
    return rc ? rc : check(host, out);
}

void fl_kafka_options_end(fl_kafka_options *options)
{
    fl_url_end(&options->url);
}

/* ---- Settings of librdkafka ---- */

fl_broker_rc fl_kafka_configure(const fl_broker_host *host, const fl_kafka_options *o,
                                rd_kafka_conf_t **out)
{
    static const char *const protocols[2][2] = {{"plaintext", "ssl"},
                                                {"sasl_plaintext", "sasl_ssl"}};
    const char *const values[][2] = {
        {"bootstrap.servers", o->hosts},
        {"security.protocol", protocols[o->user != NULL][o->has_tls]},
        {"sasl.mechanism", o->user ? "PLAIN" : NULL},
        {"sasl.username", o->user},
        {"sasl.password", o->password},
        {"ssl.ca.location", o->ca},
        {"ssl.certificate.location", o->cert},
        {"ssl.key.location", o->key},
        {"log.connection.close", "false"},
        {"socket.timeout.ms", "20000"},   /* of requests into a silent network */
        {"socket.nagle.disable", "true"}, /* small requests would wait for up to 40 ms */
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
        if (values[i][1] && !fl_kafka_set(conf, values[i][0], values[i][1])) {
            rd_kafka_conf_destroy(conf);
            return host->explain(host, FL_BROKER_FATAL,
                                 "librdkafka refuses the setting %s (valid: a build with it)",
                                 values[i][0]);
        }
    for (unsigned i = 0; i < o->setting_count; i++)
        if (!fl_kafka_set(conf, o->settings[i][0], o->settings[i][1])) {
            rd_kafka_conf_destroy(conf);
            return host->explain(host, FL_BROKER_FATAL,
                                 "librdkafka refuses the setting '%s' (valid: those of its "
                                 "CONFIGURATION.md)",
                                 fl_url_show(o->settings[i][0]));
        }
    *out = conf;
    return FL_BROKER_OK;
}
