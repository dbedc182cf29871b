/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs jansson
 *
 * The configuration of a service program: its sources and their precedence, hostile values, names
 * that are unknown, secrets. */
#include <filch/service_main.h>
#include <runtime/service/modules.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/show.h>
#include <runtime/service/program/sources.h>
#include <runtime/service/program/values.h>
#include <tests/service/configuration.h>

TestSuite(configuration, .fini = drop_file);

/* ---- Sources ---- */

Test(configuration, without_any_source_the_defaults_hold)
{
    loads((sources){.options = {NULL}});
    cr_assert_str_eq(got.broker, "sqlite:");
    cr_assert_eq(got.queue_count, 1);
    cr_assert_str_eq(got.queues[0].name, "tasks");
    cr_assert_eq(got.width, 10);
    cr_assert_eq(got.buffer, 0);
    cr_assert_eq(got.timeout, 300 * FILCH_SECOND);
    cr_assert_eq(got.retry.attempts, 5);
    cr_assert_eq(got.drain, 30 * FILCH_SECOND);
    cr_assert_eq(got.health_port, FL_PORT_NONE);
    cr_assert_eq(got.log_level, FILCH_LOG_INFO);
    cr_assert_eq(got.handler_count, 0);
    fl_configuration_end(&got);
}

Test(configuration, options_beat_variables_beat_file)
{
    const char *file = file_of("{\"width\": 3, \"workers\": 3, \"deliveries\": 3}", 0600);
    loads((sources){{"--config", file, "--width=5"},
                    {"FILCH_SERVICE_WIDTH=4", "FILCH_SERVICE_WORKERS=4"}});
    cr_assert_eq(got.width, 5);
    cr_assert_eq(got.workers, 4);
    cr_assert_eq(got.deliveries, 3);
    fl_configuration_end(&got);
}

Test(configuration, guide_variables_work_below_own_ones)
{
    loads((sources){.variables = {"RABBITMQ_URL=amqp://h/", "QUEUE_NAME=mail", "WORKER_COUNT=7",
                                  "SHUTDOWN_TIMEOUT_SEC=25", "HEALTH_PORT=8080",
                                  "FILCH_SERVICE_QUEUES=jobs"}});
    cr_assert_str_eq(got.broker, "amqp://h/");
    cr_assert_str_eq(got.queues[0].name, "jobs");
    cr_assert_eq(got.width, 7);
    cr_assert_eq(got.drain, 25 * FILCH_SECOND);
    cr_assert_eq(got.health_port, 8080);
    fl_configuration_end(&got);
}

Test(configuration, empty_variable_is_unset)
{
    loads((sources){{"--broker=sqlite:"},
                    {"WORKER_COUNT=", "RABBITMQ_URL=", "FILCH_SERVICE_CONFIG="}});
    cr_assert_eq(got.width, 10);
    cr_assert_str_eq(got.broker, "sqlite:");
    fl_configuration_end(&got);
}

Test(configuration, empty_option_is_refused)
{
    refuses((sources){.options = {"--broker="}}, "--broker empty 1..4096");
    refuses((sources){.options = {"--broker", ""}}, "--broker empty unset?");
    refuses((sources){.options = {"--width="}}, "--width empty 1..100000");
    refuses((sources){.options = {"--broker-file="}}, "--broker-file empty");
    refuses_file("{\"broker\": \"\"}", "broker empty");
    loads_file("{\"width\": null}");
    cr_assert_eq(got.width, 10);
    fl_configuration_end(&got);
}

Test(configuration, forgotten_broker_is_no_file)
{
    static const char *const forgotten[][2] = {
        {"QUEUE_NAME=mail", "QUEUE_NAME broker RABBITMQ_URL FILCH_SERVICE_BROKER sqlite:"},
        {"WORKER_COUNT=7", "WORKER_COUNT broker"},
        {"SHUTDOWN_TIMEOUT_SEC=5", "SHUTDOWN_TIMEOUT_SEC broker"},
        {"HEALTH_PORT=8080", "HEALTH_PORT broker"},
        {"RABBITMQ_URL=", "RABBITMQ_URL empty"},
        {"FILCH_SERVICE_BROKER=", "FILCH_SERVICE_BROKER empty"}};
    for (unsigned i = 0; i < sizeof forgotten / sizeof *forgotten; i++) {
        refuses((sources){.variables = {forgotten[i][0]}}, forgotten[i][1]);
        loads((sources){{"--broker=sqlite:"}, {forgotten[i][0]}});
        fl_configuration_end(&got);
    }
    loads((sources){.variables = {"QUEUE_NAME=", "OTEL_EXPORTER_OTLP_ENDPOINT=http://h:4318"}});
    fl_configuration_end(&got);
}

Test(configuration, variable_of_rabbitmq_takes_its_schemes)
{
    char variable[192];
    loads((sources){.variables = {"RABBITMQ_URL=AMQPS://h/"}});
    fl_configuration_end(&got);
    refuses((sources){.variables = {"RABBITMQ_URL=redis://u:hunter2@h/"}},
            "RABBITMQ_URL redis://u:***@h/ amqp:// FILCH_SERVICE_BROKER");
    refuses((sources){.variables = {"RABBITMQ_URL=sqlite:", "FILCH_SERVICE_BROKER=memory:"}},
            "RABBITMQ_URL 'sqlite:'");
    snprintf(variable, sizeof variable, "RABBITMQ_URL_FILE=%s", file_of("redis://h/\n", 0600));
    refuses((sources){.variables = {variable}}, "RABBITMQ_URL_FILE redis://h/ amqp://");
}

Test(configuration, variables_for_children_are_named)
{
    loads((sources){.options = {"--environment= DATABASE_URL ,_x1",
                                "--handlers=[{\"type\": \"a\", \"command\": \"true\"}, {\"type\": "
                                "\"b\", \"command\": \"true\", \"environment\": [\"API_KEY\"]}]"}});
    cr_assert_str_eq(got.handlers[0].spec.passed[0], "DATABASE_URL");
    cr_assert_str_eq(got.handlers[0].spec.passed[1], "_x1");
    cr_assert_null(got.handlers[0].spec.passed[2]);
    cr_assert_str_eq(got.handlers[1].spec.passed[0], "API_KEY");
    cr_assert_null(got.handlers[1].spec.passed[1]);
    fl_configuration_end(&got);
    static const char *const wrong[] = {"--environment=A,,B", "--environment=1A",
                                        "--environment=A=1", "--environment=FILCH_JOB_ID",
                                        "--environment=TRACEPARENT"};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refuses((sources){.options = {wrong[i]}}, "--environment NAME");
    refuses_file("{\"environment\": [\"A\", 1]}", "environment NAME");
}

Test(configuration, defaults_of_the_program_give_way)
{
    static const filch_service_defaults own = {
        .broker = "memory:", .queues = "mail=3", .envelope = "json", .health_port = "8080"};
    fl_key_defaults_set(&own);
    loads((sources){{"--health-port=9"}, {"QUEUE_NAME=other"}});
    cr_assert_str_eq(got.broker, "memory:");
    cr_assert_str_eq(got.queues[0].name, "other");
    cr_assert_eq(got.envelope, FILCH_ENVELOPE_JSON);
    cr_assert_eq(got.health_port, 9);
    fl_configuration_end(&got);
    static const filch_service_defaults wrong = {.envelope = "jsno"};
    fl_key_defaults_set(&wrong);
    refuses((sources){.options = {NULL}}, "program's default envelope 'jsno' json");
    fl_key_defaults_set(NULL);
}

Test(configuration, variable_may_name_file)
{
    char variable[192];
    snprintf(variable, sizeof variable, "FILCH_SERVICE_CONFIG=%s",
             file_of("{\"strict\": true, \"queues\": {\"high\": 3, \"low\": 1}}", 0644));
    loads((sources){.variables = {variable}});
    cr_assert(got.strict);
    cr_assert_eq(got.queue_count, 2);
    cr_assert_str_eq(got.queues[0].name, "high");
    cr_assert_eq(got.queues[0].weight, 3);
    fl_configuration_end(&got);
}

Test(configuration, kubernetes_service_variables_are_not_keys)
{
    loads((sources){.variables = {"FILCH_SERVICE_HOST=10.0.0.1", "FILCH_SERVICE_PORT=8080",
                                  "FILCH_SERVICE_PORT_HEALTH=8080", "FILCH_WORKERS=2"}});
    fl_configuration_end(&got);
}

/* ---- Values ---- */

Test(configuration, each_type_of_value_is_read)
{
    loads((sources){.options = {"--queues=a=3,b", "--timeout=forever", "--retry-factor=1.5",
                                "--retry-jitter=none", "--lease=90", "--envelope=raw",
                                "--health-port=0"}});
    cr_assert_eq(got.queues[0].weight, 3);
    cr_assert_eq(got.queues[1].weight, 1);
    cr_assert_eq(got.timeout, FILCH_FOREVER);
    cr_assert_float_eq(got.retry.factor, 1.5, 1e-9);
    cr_assert_eq(got.retry.jitter, FILCH_JITTER_NONE);
    cr_assert_eq(got.lease, 90 * FILCH_SECOND);
    cr_assert_eq(got.envelope, FILCH_ENVELOPE_RAW);
    cr_assert_eq(got.health_port, 0);
    fl_configuration_end(&got);
}

Test(configuration, blanks_around_queue_names_are_trimmed)
{
    loads((sources){.options = {"--queues= mail = 3 , reports\t,c"}});
    cr_assert_eq(got.queue_count, 3);
    cr_assert_str_eq(got.queues[0].name, "mail");
    cr_assert_eq(got.queues[0].weight, 3);
    cr_assert_str_eq(got.queues[1].name, "reports");
    fl_configuration_end(&got);
}

Test(configuration, file_queues_are_names_or_weights)
{
    loads_file("{\"queues\": [\"a\", \"b\"]}");
    cr_assert_eq(got.queue_count, 2);
    cr_assert_str_eq(got.queues[1].name, "b");
    cr_assert_eq(got.queues[1].weight, 1);
    fl_configuration_end(&got);
    refuses_file("{\"queues\": {\"a\": \"1\"}}", "queues weight [\"NAME\", {\"NAME\": 1..1000");
    refuses_file("{\"queues\": [\"a b\"]}", "queues 'a blanks");
    refuses_file("{\"queues\": {\"a\\tb\": 1}}", "queues 'a?b=1' blanks");
}

Test(configuration, prefetch_stands_for_width_and_buffer)
{
    loads((sources){.options = {"--width=4", "--prefetch=20"}});
    cr_assert_eq(got.buffer, 16);
    fl_configuration_end(&got);
    refuses((sources){.options = {"--width=4", "--prefetch=4"}}, "prefetch 4 width");
    refuses((sources){.options = {"--buffer=4", "--prefetch=40"}}, "buffer prefetch one");
}

Test(configuration, longest_wait_is_at_least_first)
{
    loads((sources){
        .options = {"--retry-delay=1h", "--handlers=[{\"type\":\"a\",\"retry-delay\":\"2h\"}]"}});
    cr_assert_eq(got.retry.cap, 3600 * FILCH_SECOND);
    cr_assert_eq(got.handlers[0].retry.cap, 7200 * FILCH_SECOND);
    fl_configuration_end(&got);
    refuses((sources){.options = {"--retry-delay=1h", "--retry-max=1m"}}, "retry-max retry-delay");
}

Test(configuration, result_needs_broker_that_keeps_it)
{
    static char handlers[] = "--handlers=[{\"type\":\"a\",\"command\":\"true\",\"result\":true}]";
    const fl_broker_kind *kind;
    for (unsigned i = 0; (kind = fl_brokers_built_in[i]); i++) {
        char broker[64], words[64];
        snprintf(broker, sizeof broker, "--broker=%.*s:x", (int)strcspn(kind->schemes, " "),
                 kind->schemes);
        snprintf(words, sizeof words, "handlers[0] result %s", kind->name);
        if (!kind->caps.records)
            refuses((sources){.options = {broker, handlers}}, words);
    }
    loads((sources){.options = {"--broker=memory:", handlers}});
    cr_assert(got.handlers[0].spec.result);
    fl_configuration_end(&got);
}

Test(configuration, hostile_values_are_refused_with_range)
{
    static const struct {
        const char *key, *range;
        const char *values[9];
    } rows[] = {
        {"width",
         "1..100000",
         {"0", "-1", "+1", " 1", "1 ", "0x10", "1e3", "100001", "99999999999999999999"}},
        {"timeout",
         "1ms..forever",
         {"0", "5x", "-1s", "1.5.s", "s", "9223372036854775807d", "1sm"}},
        {"drain-timeout", "0s..1d", {"25h", "forever", "86401"}},
        {"retry-factor", "1..100", {"0.999", "100.001", "1.0001", "nan", "1.", ".5", "1,5", "-2"}},
        {"strict", "true", {"yes", "1", "TRUE", "truefalse"}},
        {"envelope", "auto", {"JSON", "xml", "native,json"}},
        {"health-port", "65535", {"65536", "-1", "80a", "99999999999999999999"}},
        {"queues",
         "NAME=WEIGHT",
         {",", "a,,b", "a=0", "a=1001", "=3", "a=", "a=1,a=2", "a=x", "a b"}},
        {"log-level", "debug", {"trace", "INFO"}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned j = 0; j < 9 && rows[i].values[j]; j++) {
            char option[96], words[64];
            snprintf(option, sizeof option, "--%s=%s", rows[i].key, rows[i].values[j]);
            snprintf(words, sizeof words, "--%s: '%s' %s", rows[i].key, rows[i].values[j],
                     rows[i].range);
            refuses((sources){.options = {option}}, words);
        }
}

Test(configuration, messages_omit_long_or_unprintable_values)
{
    static char option[8000] = "--width=";
    memset(option + 8, 'x', sizeof option - 9);
    refuses((sources){.options = {option}}, "--width: ...");
    refuses((sources){.options = {"--width=1\n{\"level\":\"info\"}\033[2J"}}, "'1?{");
}

/* ---- Names ---- */

Test(configuration, unknown_names_are_refused_with_suggestions)
{
    refuses((sources){.options = {"--widtth=3"}}, "--widtth width");
    refuses((sources){.options = {"--retry-delai", "3s"}}, "retry-delay");
    refuses((sources){.options = {"--onse"}}, "nearest: once");
    refuses((sources){.options = {"--drain=3s"}}, "nearest: drain-timeout");
    refuses((sources){.options = {"--quite-another-thing"}}, "valid: broker queues ...");
    refuses((sources){.options = {"width"}}, "unexpected 'width'");
    refuses((sources){.options = {"--"}}, "unexpected");
    refuses((sources){.options = {"--width"}}, "--width value");
    refuses((sources){.options = {"--once=3"}}, "--once value");
    refuses((sources){.variables = {"FILCH_SERVICE_WIDTTH=3"}}, "FILCH_SERVICE_WIDTTH width");
    refuses((sources){.variables = {"FILCH_SERVICE_HEALT_PORT=3"}}, "health-port");
    refuses_file("{\"widtth\": 3}", "'widtth' width");
    refuses_file("{\"width-file\": \"x\"}", "width-file");
}

Test(configuration, file_without_json_object_is_refused)
{
    refuses((sources){.options = {"--config", "/no/such/file"}}, "/no/such/file");
    refuses((sources){.options = {"--config", "/"}}, "/");
    refuses((sources){.options = {"--config", "/dev/zero"}}, "1 MiB");
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "3",
                                        "null",
                                        "{\"width\": 3,}",
                                        "{\"width\": 3} {}",
                                        "{\"width\": 3, \"width\": 3}",
                                        "{\"width\": [3]}",
                                        "{\"width\": {}}",
                                        "{\"width\": \"3\\u0000\"}",
                                        "{\"broker\": \"\xff\"}",
                                        "{\"queues\": [3]}",
                                        "{\"queues\": [\"\"]}",
                                        "{\"queues\": [\"a\\u0000\"]}",
                                        "{\"queues\": [\"a=3\"]}",
                                        "{\"queues\": {\"a=1,b\": 1}}",
                                        "{\"handlers\": {}}",
                                        "{\"handlers\": \"[]\"}",
                                        "{\"periodic\": {}}",
                                        "{\"periodic\": [3]}",
                                        "{\"periodic\": [{\"label\": \"a\"}]}",
                                        "{\"periodic\": [{\"name\": []}]}",
                                        "{\"periodic\": [{\"priority\": 10}]}",
                                        "{\"width\": 3.5}",
                                        "{\"width\": true}"};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        refuses_file(texts[i], "");
    char *deep = malloc(100001);
    memset(deep, '[', 100000);
    deep[100000] = '\0';
    refuses_file(deep, "not JSON");
    free(deep);
    refuses_file("{\"width\": 3,}", "line 1, column 13: not JSON: string expected");
    refuses_file("{\"width\": 3,\n\"width\": 4}", "line 2, not JSON: duplicate object key");
}

Test(configuration, periodic_jobs_load_with_defaults)
{
    loads_file("{\"periodic\": [{\"name\": \"a\", \"cron\": \"@daily\", \"type\": \"t\"},"
               " {\"name\": \"b\", \"cron\": \"0 * * * *\", \"type\": \"t\", \"queue\": \"q\","
               " \"zone\": \"+02:00\", \"priority\": 9, \"body\": \"text\"}]}");
    cr_assert_eq(got.periodic_count, 2);
    cr_assert_str_eq(got.periodics[0].name, "a");
    cr_assert_str_eq(got.periodics[0].cron, "@daily");
    cr_assert(!got.periodics[0].queue && !got.periodics[0].zone && !got.periodics[0].body_size);
    cr_assert_str_eq(got.periodics[1].queue, "q");
    cr_assert_str_eq(got.periodics[1].zone, "+02:00");
    cr_assert_eq(got.periodics[1].priority, 9);
    cr_assert_eq(got.periodics[1].body_size, 4);
    cr_assert_eq(memcmp(got.periodics[1].body, "text", 4), 0);
    fl_configuration_end(&got);
}

Test(configuration, null_in_file_means_default)
{
    loads_file("{\"width\": null, \"handlers\": null}");
    cr_assert_eq(got.width, 10);
    fl_configuration_end(&got);
}

/* ---- Secrets ---- */

Test(configuration, secrets_come_from_private_file)
{
    char variable[192];
    snprintf(variable, sizeof variable, "RABBITMQ_URL_FILE=%s", file_of("amqp:secret\n", 0640));
    loads((sources){.variables = {variable}});
    const fl_key *broker = fl_key_of(FL_KEY_OF_SERVICE, "broker", 6);
    cr_assert_str_eq(got.broker, "amqp:secret");
    cr_assert_str_eq(got.files[broker - fl_keys], strchr(variable, '=') + 1);
    fl_configuration_end(&got);
    loads((sources){.variables = {variable}, .options = {"--broker=memory:other"}});
    cr_assert_null(got.files[broker - fl_keys]);
    fl_configuration_end(&got);
    loads((sources){.options = {"--health-token-file", file_of("hunter2", 0400)}});
    cr_assert_str_eq(got.health_token, "hunter2");
    fl_configuration_end(&got);
    refuses((sources){.options = {"--broker-file", file_of("memory:", 0644)}}, "644 chmod");
    refuses((sources){.options = {"--broker-file", file_of("memory:", 0602)}}, "602 chmod");
    refuses((sources){.options = {"--broker-file", file_of("", 0600)}}, "--broker-file: one line");
    refuses((sources){.options = {"--broker-file", file_of("a\nb\n", 0600)}}, "one line");
    refuses((sources){.options = {"--broker-file", "/no/such"}}, "--broker-file: /no/such");
    refuses((sources){.options = {"--broker-file", "/tmp"}}, "/tmp");
    refuses((sources){.variables = {variable, "RABBITMQ_URL=memory:"}}, "RABBITMQ_URL_FILE both");
}

Test(configuration, secret_variables_are_not_inherited)
{
    static const char *const hidden[] = {"RABBITMQ_URL", "FILCH_SERVICE_BROKER",
                                         "FILCH_SERVICE_HEALTH_TOKEN"};
    for (unsigned i = 0; i < 3; i++)
        setenv(hidden[i], "hunter2", 1);
    setenv("WORKER_COUNT", "3", 1);
    fl_environment_hide();
    for (unsigned i = 0; i < 3; i++)
        cr_assert_null(getenv(hidden[i]), "%s", hidden[i]);
    cr_assert_str_eq(getenv("WORKER_COUNT"), "3");
}

Test(configuration, url_is_shown_without_passwords)
{
    static const struct {
        const char *url, *shown;
    } rows[] = {
        {"sqlite:/var/lib/jobs.db?sync=full", "sqlite:/var/lib/jobs.db?sync=full"},
        {"amqp://guest:hunter2@host:5672/", "amqp://guest:***@host:5672/"},
        {"redis://:hunter2@host", "redis://:***@host"},
        {"nats://hunter2@host", "nats://***@host"},
        {"amqp://u:hun@ter2/x?y#z@host/v", "amqp://u:***@host/v"},
        {"amqp:/u:hunter2@host", "amqp:/u:***@host"},
        {"nats://a:hunter2@one,nats://b:hunter2@two", "nats://a:***@two"},
        {"postgres://host/db?user=a&password=hunter2&x=1",
         "postgres://host/db?user=a&password=***&x=1"},
        {"redis://q?AWS_SECRET_ACCESS_KEY=hunter2", "redis://q?AWS_SECRET_ACCESS_KEY=***"},
        {"hunter2@host", "***@host"},
        {"", ""},
    };
    const fl_key *key = fl_key_of(FL_KEY_OF_SERVICE, "broker", 6);
    char shown[256];
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        fl_mask(key, rows[i].url, shown, sizeof shown);
        cr_assert_str_eq(shown, rows[i].shown, "%s: %s", rows[i].url, shown);
    }
}

Test(configuration, no_output_has_a_secret)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    loads((sources){{"--health-token=hunter2", "--handlers=[{\"type\":\"hunter2\",\"echo\":true}]"},
                    {"RABBITMQ_URL=amqp://u:hunter2@h/"}});
    fl_show_configuration(out, &got);
    fl_configuration_end(&got);
    static char option[5000] = "--health-token=hunter2", url[5000] = "--broker=amqp://u:hunter2";
    memset(option + strlen(option), 'x', 4200);
    memset(url + strlen(url), 'x', 4200);
    strcat(url, "@h");
    refuses((sources){.options = {option}}, "--health-token: '***'");
    fputs(filch_error(), out);
    refuses((sources){.options = {url}}, "'amqp://u:***@h'");
    fputs(filch_error(), out);
    static const char *const broken[] = {"{\"health-token\": \"hunter2",
                                         "{\"health-token\": \"\\uhunter2\"}",
                                         "{\"health-token\": \"\\u\\\"hunter2\"}",
                                         "{\"health-token\": hunter2}",
                                         "{\"health-token\": 1, \"hunter2\": 1, \"hunter2\": 1}"};
    for (unsigned i = 0; i < sizeof broken / sizeof *broken; i++) {
        refuses_file(broken[i], "line 1");
        cr_assert(!strstr(filch_error(), "hunt"), "%s", filch_error());
        fputs(filch_error(), out);
    }
    fclose(out);
    cr_assert(strstr(text, "***"));
    cr_assert_not(strstr(text, "hunter2"), "%s", text);
    free(text);
}
