/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of Kafka: accepted parts become settings of librdkafka, others are refused with a sentence. */
#include <runtime/service/brokers/kafka/url.h>
#include <tests/service/explained.h>

/* The setting of librdkafka that a URL leads to. */
static const char *setting_of(const char *url, const char *name)
{
    static char value[128];
    size_t size = sizeof value;
    fl_kafka_options options;
    rd_kafka_conf_t *conf;
    cr_assert_eq(fl_kafka_parse(&beside_host, url, &options), FL_BROKER_OK);
    cr_assert_eq(fl_kafka_configure(&beside_host, &options, &conf), FL_BROKER_OK);
    value[0] = '\0';
    rd_kafka_conf_get(conf, name, value, &size);
    rd_kafka_conf_destroy(conf);
    fl_url_end(&options.url);
    return value;
}

Test(kafka_url, parts_become_settings_of_librdkafka)
{
    static const struct {
        const char *url, *name, *value;
    } cases[] = {
        {"kafka://a,b:9093/", "bootstrap.servers", "a,b:9093"},
        {"kafka://a", "security.protocol", "plaintext"},
        {"kafka+tls://a", "security.protocol", "ssl"},
        {"kafka://u:p@localhost", "security.protocol", "sasl_plaintext"},
        {"kafka+tls://u:p@a", "security.protocol", "sasl_ssl"},
        {"kafka+tls://u:p@a", "sasl.mechanism", "PLAIN"},
        {"kafka+tls://u:p@a?sasl.mechanism=SCRAM-SHA-512", "sasl.mechanism", "SCRAM-SHA-512"},
        {"kafka+tls://us%2Fer:p%40ss%3A@a", "sasl.username", "us/er"},
        {"kafka+tls://us%2Fer:p%40ss%3A@a", "sasl.password", "p@ss:"},
        {"kafka+tls://u:p/ss@a/", "sasl.password", "p/ss"},
        {"kafka+tls://a?ca=/c%20a&cert=/c&key=/k", "ssl.ca.location", "/c a"},
        {"kafka+tls://a?ca=/c%20a&cert=/c&key=/k", "ssl.certificate.location", "/c"},
        {"kafka+tls://a?ca=/c%20a&cert=/c&key=/k", "ssl.key.location", "/k"},
        {"kafka://u:p@a?plaintext=yes", "sasl.password", "p"},
        {"kafka://a?session.timeout.ms=7000", "session.timeout.ms", "7000"},
        {"kafka://a", "socket.timeout.ms", "20000"},
        {"kafka://a?socket.timeout.ms=9000", "socket.timeout.ms", "9000"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_str_eq(setting_of(cases[i].url, cases[i].name), cases[i].value, "%s",
                         cases[i].url);
}

Test(kafka_url, options_have_defaults)
{
    fl_kafka_options options;
    cr_assert_eq(fl_kafka_parse(&beside_host, "kafka://a", &options), FL_BROKER_OK);
    cr_assert_str_eq(options.group, "filch");
    cr_assert(options.creates && !options.is_ordered && !options.plaintext);
    fl_url_end(&options.url);
    cr_assert_eq(fl_kafka_parse(&beside_host, "kafka://a?group=g&create=no&ordering=yes", &options),
                 FL_BROKER_OK);
    cr_assert_str_eq(options.group, "g");
    cr_assert(!options.creates && options.is_ordered);
    fl_url_end(&options.url);
}

Test(kafka_url, wrong_urls_fail_without_showing_password)
{
    static const struct {
        const char *url, *sentence;
    } cases[] = {
        {"kafka:a", "without '://'"},
        {"kafka://", "without a host"},
        {"kafka://u:p@", "without a host"},
        {"kafka://a/tasks", "the path 'tasks'"},
        {"kafka://a?group=", "option of kafka: group= (valid: NAME)"},
        {"kafka://u@localhost", "login of kafka without a password"},
        {"kafka://u:secret@a", "in plain text to another machine"},
        {"kafka://u:secret@localhost,a", "in plain text to another machine"},
        {"kafka://a?create=perhaps", "of kafka: create=perhaps (valid: yes, no)"},
        {"kafka://a?ordering=key", "of kafka: ordering=key (valid: yes, no)"},
        {"kafka://a?colour=red", "unknown option of kafka: 'colour'"},
        {"kafka://a?group", "option of kafka: group= (valid: NAME)"},
        {"kafka://a?enable.auto.commit=true", "'enable.auto.commit' of librdkafka is fixed"},
        {"kafka://u:secret@localhost?metadata.broker.list=b", "of librdkafka is fixed"},
        {"kafka://a?group.id=x", "'group.id' of librdkafka is fixed"},
        {"kafka://a?auto.offset.reset=latest", "'auto.offset.reset' of librdkafka is fixed"},
        {"kafka://a?linger.ms=5", "'linger.ms' of librdkafka is fixed"},
        {"kafka://a?delivery.timeout.ms=1", "'delivery.timeout.ms' of librdkafka is fixed"},
        {"kafka://a?sasl.password=secret", "'sasl.password' of librdkafka is fixed"},
        {"kafka://a?no.such.setting=1", "librdkafka refuses the setting 'no.such.setting'"},
        {"kafka://a?session.timeout.ms=x", "librdkafka refuses the setting 'session.timeout.ms'"},
        {"kafka://u:se?cret@localhost", "unknown option of kafka: '***'"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        fl_broker *broker = NULL;
        cr_assert_eq(try_to_open(&fl_broker_kafka, cases[i].url, &broker), FL_BROKER_FATAL, "%s",
                     cases[i].url);
        cr_assert(strstr(explained, cases[i].sentence), "%s: %s", cases[i].url, explained);
        cr_assert_null(strstr(explained, "cret"), "%s", explained);
        cr_assert_null(broker);
    }
}

Test(kafka_url, too_many_settings_are_refused)
{
    char url[2048] = "kafka://a?group=g";
    fl_broker *broker = NULL;
    for (unsigned i = 0; i < 33; i++)
        strcat(url, "&fetch.wait.max.ms=20");
    cr_assert_eq(try_to_open(&fl_broker_kafka, url, &broker), FL_BROKER_FATAL);
    cr_assert(strstr(explained, "too many settings of librdkafka"), "%s", explained);
}

Test(kafka_url, queue_names_must_be_topics)
{
    static const char *const wrong[] = {"a/b"};
    fl_broker *broker = NULL;
    tried_queues = wrong;
    cr_assert_eq(try_to_open(&fl_broker_kafka, "kafka://a", &broker), FL_BROKER_FATAL);
    cr_assert(strstr(explained, "queue 'a/b' is not a valid Kafka topic"), "%s", explained);
    static const char *const twice[] = {"a", "a.retry"};
    tried_queues = twice;
    tried_queue_count = 2;
    cr_assert_eq(try_to_open(&fl_broker_kafka, "kafka://a", &broker), FL_BROKER_FATAL);
    cr_assert(strstr(explained, "queue 'a.retry' is not a valid Kafka topic"), "%s", explained);
    cr_assert(fl_kafka_is_topic("a-b_c.D9"));
    cr_assert_not(fl_kafka_is_topic(""));
    cr_assert_not(fl_kafka_is_topic(".."));
    char long_name[202];
    memset(long_name, 'a', 201);
    long_name[201] = '\0';
    cr_assert_not(fl_kafka_is_topic(long_name));
    cr_assert(fl_kafka_is_topic(long_name + 1));
}
