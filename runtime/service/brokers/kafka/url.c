/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/kafka/url.h>

#include <runtime/service/broker.h>
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
    {"group", "NAME", "the consumer group; default: filch", FL_URL_TEXT,
     offsetof(fl_kafka_options, group), 0, 0},
    FL_URL_CA(fl_kafka_options),
    FL_URL_CERT(fl_kafka_options),
    FL_URL_KEY(fl_kafka_options),
    FL_URL_CREATE(fl_kafka_options, "topics"),
    {"ordering", "yes, no", "runs jobs with the same key one after another; default: no",
     FL_URL_FLAG, offsetof(fl_kafka_options, is_ordered), 0, 0},
    FL_URL_PLAINTEXT(fl_kafka_options, "a password"),
};

/* Settings on which the guarantees rest, or that connection.c would replace without a word; with their aliases. */
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
                                 "setting '%s' of librdkafka is fixed (others can be set)", name);
    if (out->setting_count == SETTINGS_MOST)
        return host->explain(host, FL_BROKER_FATAL,
                             "too many settings of librdkafka: '%s' (valid: up to %d)", name,
                             SETTINGS_MOST);
    out->settings[out->setting_count][0] = name;
    out->settings[out->setting_count++][1] = value;
    return FL_BROKER_OK;
}

const fl_url_kind fl_kafka_url_kind = {
    .name = "kafka",
    .form = "kafka://HOST[:PORT][,HOST...]",
    .options = known,
    .count = sizeof known / sizeof *known,
    .has_keys = true,
    .others = "; also settings of librdkafka, such as session.timeout.ms",
    .read_other = keep_setting,
};

static fl_broker_rc check(const fl_broker_host *host, const fl_kafka_options *out)
{
    if (!*out->hosts)
        return host->explain(host, FL_BROKER_FATAL, "URL of kafka without a host (valid: %s)",
                             fl_kafka_url_kind.form);
    if (out->user && !out->password)
        return host->explain(host, FL_BROKER_FATAL,
                             "login of kafka without a password (valid: USER:PASSWORD@HOST)");
    return out->password && !out->has_tls && !out->plaintext
               ? fl_url_refuse_plain(host, &fl_kafka_url_kind, out->hosts, "a password",
                                     "kafka+tls://")
               : FL_BROKER_OK;
}

fl_broker_rc fl_kafka_parse(const fl_broker_host *host, const char *url, fl_kafka_options *out)
{
    *out = (fl_kafka_options){.group = "filch", .creates = true};
    out->has_tls = strncmp(url, "kafka+tls:", 10) == 0;
    fl_broker_rc rc = fl_url_cut(host, &fl_kafka_url_kind, url, &out->url);
    if (rc)
        return rc;
    out->hosts = out->url.hosts;
    rc = fl_url_login(host, &fl_kafka_url_kind, &out->url, &out->user, &out->password);
    if (rc)
        return rc;
    if (out->url.path && *out->url.path)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of kafka with the path '%s' (valid: none; queues are topics)",
                             fl_url_show(out->url.path));
    rc = fl_url_read(host, &fl_kafka_url_kind, out->url.settings, out);
    return rc ? rc : check(host, out);
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
