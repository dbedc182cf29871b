/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a service program: its sources and their precedence, hostile values, names
 * that are unknown, secrets, handlers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/show.h>
#include <runtime/service/program/values.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 8 };

static fl_configuration got;
static fl_command_line line;

/* Words of a command line, and variables; NULL ends each. */
typedef struct sources {
    const char *options[MOST], *variables[MOST];
} sources;

static int load(sources from)
{
    static char program[] = "worker";
    char *argv[MOST + 1] = {program};
    int argc = 1;
    for (; from.options[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)from.options[argc - 1];
    return fl_configuration_load(&got, &line, argc, argv, (char *const *)(uintptr_t)from.variables);
}

static void loads(sources from)
{
    int rc = load(from);
    cr_assert_eq(rc, 0, "%d %s", rc, filch_error());
}

/* Refused with all of `words`, separated by blanks, in the message, which is no longer than one. */
static void refuses(sources from, const char *words)
{
    char copy[256], *rest = copy, *word;
    int rc = load(from);
    cr_assert_eq(rc, -EINVAL, "'%s' is accepted", words);
    cr_assert_lt(strlen(filch_error()), 256);
    snprintf(copy, sizeof copy, "%s", words);
    while ((word = strsep(&rest, " ")))
        cr_assert(strstr(filch_error(), word), "no '%s' in: %s", word, filch_error());
    fl_configuration_end(&got);
}

/* A file of this process. */
static const char *own_path(void)
{
    static char path[160];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.100s/filch-configuration-%d",
             folder && *folder ? folder : "/tmp", getpid());
    return path;
}

/* The file with this content, which ends with the test. */
static const char *file_of(const char *content, mode_t mode)
{
    const char *path = own_path();
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    cr_assert_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static void drop_file(void)
{
    unlink(own_path());
}

TestSuite(configuration, .fini = drop_file);

static void loads_file(const char *content)
{
    loads((sources){.options = {"--config", file_of(content, 0600)}});
}

static void refuses_file(const char *content, const char *words)
{
    refuses((sources){.options = {"--config", file_of(content, 0600)}}, words);
}

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

Test(configuration, options_win_over_variables_and_these_over_the_file)
{
    const char *file = file_of("{\"width\": 3, \"workers\": 3, \"deliveries\": 3}", 0600);
    loads((sources){{"--config", file, "--width=5"},
                    {"FILCH_SERVICE_WIDTH=4", "FILCH_SERVICE_WORKERS=4"}});
    cr_assert_eq(got.width, 5);
    cr_assert_eq(got.workers, 4);
    cr_assert_eq(got.deliveries, 3);
    fl_configuration_end(&got);
}

Test(configuration, variables_of_the_guides_work_unchanged_and_give_way_to_ours)
{
    loads((sources){.variables = {"RABBITMQ_URL=memory:x", "QUEUE_NAME=mail", "WORKER_COUNT=7",
                                  "SHUTDOWN_TIMEOUT_SEC=25", "HEALTH_PORT=8080",
                                  "FILCH_SERVICE_QUEUES=jobs"}});
    cr_assert_str_eq(got.broker, "memory:x");
    cr_assert_str_eq(got.queues[0].name, "jobs");
    cr_assert_eq(got.width, 7);
    cr_assert_eq(got.drain, 25 * FILCH_SECOND);
    cr_assert_eq(got.health_port, 8080);
    fl_configuration_end(&got);
}

Test(configuration, an_empty_value_is_the_default)
{
    loads((sources){{"--width="}, {"WORKER_COUNT=", "RABBITMQ_URL=", "FILCH_SERVICE_CONFIG="}});
    cr_assert_eq(got.width, 10);
    cr_assert_str_eq(got.broker, "sqlite:");
    fl_configuration_end(&got);
}

Test(configuration, the_file_may_be_named_by_a_variable)
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

Test(configuration, variables_that_kubernetes_sets_for_a_service_named_filch_are_no_keys)
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

Test(configuration, prefetch_stands_for_width_and_buffer)
{
    loads((sources){.options = {"--width=4", "--prefetch=20"}});
    cr_assert_eq(got.buffer, 16);
    fl_configuration_end(&got);
    refuses((sources){.options = {"--width=4", "--prefetch=4"}}, "prefetch 4 width");
    refuses((sources){.options = {"--buffer=4", "--prefetch=40"}}, "buffer prefetch one");
}

Test(configuration, the_longest_wait_is_at_least_the_first)
{
    loads((sources){
        .options = {"--retry-delay=1h", "--handlers=[{\"type\":\"a\",\"retry-delay\":\"2h\"}]"}});
    cr_assert_eq(got.retry.cap, 3600 * FILCH_SECOND);
    cr_assert_eq(got.handlers[0].retry.cap, 7200 * FILCH_SECOND);
    fl_configuration_end(&got);
    refuses((sources){.options = {"--retry-delay=1h", "--retry-max=1m"}}, "retry-max retry-delay");
}

Test(configuration, hostile_values_are_refused_with_the_key_the_value_and_the_range)
{
    static const struct {
        const char *key, *range;
        const char *values[9];
    } rows[] = {
        {"width",
         "1..100000",
         {"0", "-1", "+1", " 1", "1 ", "0x10", "1e3", "100001", "99999999999999999999"}},
        {"timeout", "1ms..forever", {"0", "5x", "-1s", "1.5s", "s", "9223372036854775807d", "1sm"}},
        {"drain-timeout", "0s..1d", {"25h", "forever", "86401"}},
        {"retry-factor", "1..100", {"0.999", "100.001", "1.0001", "nan", "1.", ".5", "1,5", "-2"}},
        {"strict", "true", {"yes", "1", "TRUE", "truefalse"}},
        {"envelope", "native", {"JSON", "xml", "native,json"}},
        {"health-port", "65535", {"65536", "-1", "80a", "99999999999999999999"}},
        {"queues", "NAME=WEIGHT", {",", "a,,b", "a=0", "a=1001", "=3", "a=", "a=1,a=2", "a=x"}},
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

Test(configuration, a_long_or_unprintable_value_does_not_reach_the_message)
{
    static char option[8000] = "--width=";
    memset(option + 8, 'x', sizeof option - 9);
    refuses((sources){.options = {option}}, "--width: ...");
    refuses((sources){.options = {"--width=1\n{\"level\":\"info\"}\033[2J"}}, "'1?{");
}

/* ---- Names ---- */

Test(configuration, unknown_names_are_refused_with_the_nearest_ones)
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

Test(configuration, a_file_that_is_no_json_object_of_keys_is_refused)
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
                                        "{\"queues\": {\"a\": \"1\"}}",
                                        "{\"queues\": {\"a=1,b\": 1}}",
                                        "{\"handlers\": {}}",
                                        "{\"handlers\": \"[]\"}",
                                        "{\"width\": 3.5}",
                                        "{\"width\": true}"};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        refuses_file(texts[i], "");
    char *deep = malloc(100001);
    memset(deep, '[', 100000);
    deep[100000] = '\0';
    refuses_file(deep, "not JSON");
    free(deep);
}

Test(configuration, null_in_the_file_is_the_default)
{
    loads_file("{\"width\": null, \"handlers\": null}");
    cr_assert_eq(got.width, 10);
    fl_configuration_end(&got);
}

/* ---- Secrets ---- */

Test(configuration, a_secret_comes_from_a_file_that_others_cannot_read)
{
    char variable[192];
    snprintf(variable, sizeof variable, "RABBITMQ_URL_FILE=%s", file_of("memory:secret\n", 0640));
    loads((sources){.variables = {variable}});
    cr_assert_str_eq(got.broker, "memory:secret");
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

Test(configuration, a_url_is_shown_without_its_passwords)
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
        {"sqs://q?AWS_SECRET_ACCESS_KEY=hunter2", "sqs://q?AWS_SECRET_ACCESS_KEY=***"},
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
    refuses_file("{\"health-token\": \"hunter2", "line 1");
    fputs(filch_error(), out);
    fclose(out);
    cr_assert(strstr(text, "***"));
    cr_assert_not(strstr(text, "hunter2"), "%s", text);
    free(text);
}

/* ---- Handlers ---- */

Test(configuration, handlers_have_kinds_words_and_limits)
{
    loads_file("{\"retry-delay\": \"2s\", \"handlers\": ["
               "{\"type\": \"a\", \"echo\": true, \"width\": 2, \"rate\": \"6000/m\"},"
               "{\"type\": \"b\", \"sleep\": [], \"rate\": \"5/s:50\", \"retry-attempts\": 9,"
               " \"thread\": true, \"output-most\": \"1MiB\", \"grace\": 1, \"processes\": 3}]}");
    cr_assert_eq(got.handler_count, 2);
    const fl_configured_handler *a = got.handlers, *b = a + 1;
    cr_assert_str_eq(a->type, "a");
    cr_assert_str_eq(a->kind->name, "echo");
    cr_assert(a->width == 2 && !a->has_retry && !a->has_thread);
    cr_assert(a->rate.rate == 6000 && a->rate.burst == 600 && a->rate.period == 60 * FILCH_SECOND);
    cr_assert(b->rate.burst == 50 && b->has_retry && b->has_thread && b->thread);
    cr_assert(b->retry.attempts == 9 && b->retry.base == 2 * FILCH_SECOND, "the rest is inherited");
    cr_assert(b->spec.output_most == 1 << 20 && b->spec.grace == FILCH_SECOND);
    cr_assert(b->spec.processes == 3 && !b->spec.words[0]);
    fl_configuration_end(&got);
}

Test(configuration, wrong_handlers_are_refused_by_their_place_and_type)
{
    static const char *const rows[][2] = {
        {"[3]", "handlers[0] type"},
        {"[{}]", "handlers[0] type"},
        {"[{\"type\": \"\", \"echo\": true}]", "handlers[0] type"},
        {"[{\"type\": 3, \"echo\": true}]", "handlers[0] type"},
        {"[{\"type\": \"a\", \"echo\": true}, {\"type\": \"b\", \"ecko\": true}]",
         "handlers[1] b 'ecko' echo"},
        {"[{\"type\": \"a\", \"echo\": true, \"widtth\": 3}]", "'widtth' width"},
        {"[{\"type\": \"a\", \"echo\": true, \"width\": 0}]", "a: width: '0' 1..100000"},
        {"[{\"type\": \"a\", \"echo\": true, \"sleep\": true}]", "echo sleep kind"},
        {"[{\"type\": \"a\", \"echo\": [\"x\"]}]", "echo: words true"},
        {"[{\"type\": \"a\", \"echo\": \"x\"}]", "echo: words"},
        {"[{\"type\": \"a\", \"echo\": false}]", "echo text"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"10\"}]", "rate: '10' N/s"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"0/s\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"5/w\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"5:1/s\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"rate\": \"5/s:0\"}]", "rate"},
        {"[{\"type\": \"a\", \"echo\": true, \"output-most\": \"2GiB\"}]", "1..1GiB"},
        {"[{\"type\": \"a\", \"echo\": true, \"retry-delay\": \"1h\", \"retry-max\": \"1m\"}]",
         "retry-max retry-delay"},
        {"[{\"type\": \"a\", \"echo\": true", "handlers line"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char option[256];
        snprintf(option, sizeof option, "--handlers=%s", rows[i][0]);
        refuses((sources){.options = {option}}, rows[i][1]);
    }
}

static int own(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)job, (void)arg;
    return 0;
}

static int table_of(fl_handler_table *table, const char *handlers, const filch_handler *given,
                    size_t count)
{
    loads((sources){.options = {"--handlers", handlers}});
    return fl_handler_table_init(table, &got, given, count);
}

static void end_table(fl_handler_table *table)
{
    fl_handler_table_end(table);
    fl_configuration_end(&got);
}

Test(configuration, the_table_limits_own_handlers_and_adds_ready_made_ones)
{
    const filch_handler given = {.type = "mine", .fn = own, .width = 1, .timeout = 7};
    fl_handler_table table;
    cr_assert_eq(table_of(&table,
                          "[{\"type\": \"mine\", \"width\": 3, \"retry-attempts\": 2},"
                          " {\"type\": \"other\", \"echo\": true}]",
                          &given, 1),
                 0);
    cr_assert_eq(table.count, 2);
    cr_assert(table.handlers[0].fn == own && table.handlers[0].width == 3);
    cr_assert(table.handlers[0].timeout == 7 && table.handlers[0].retry->attempts == 2);
    cr_assert_str_eq(table.handlers[1].type, "other");
    cr_assert(table.handlers[1].fn && table.handlers[1].fn != own);
    end_table(&table);
}

Test(configuration, without_handlers_the_kinds_without_words_are_served)
{
    fl_handler_table table;
    loads((sources){.options = {NULL}});
    cr_assert_eq(fl_handler_table_init(&table, &got, NULL, 0), 0);
    cr_assert_geq(table.count, 3);
    for (size_t i = 0; i < table.count; i++)
        cr_assert_str_eq(table.handlers[i].type, table.kinds[i]->name);
    end_table(&table);
    const filch_handler given = {.type = "mine", .fn = own};
    loads((sources){.options = {NULL}});
    cr_assert_eq(fl_handler_table_init(&table, &got, &given, 1), 0);
    cr_assert_eq(table.count, 1);
    end_table(&table);
}

Test(configuration, a_type_without_a_handler_or_with_two_is_refused)
{
    const filch_handler given = {.type = "mine", .fn = own};
    fl_handler_table table;
    cr_assert_eq(table_of(&table, "[{\"type\": \"other\", \"width\": 3}]", &given, 1), -EINVAL);
    cr_assert(strstr(filch_error(), "'other' has no kind"), "%s", filch_error());
    end_table(&table);
    cr_assert_eq(table_of(&table, "[{\"type\": \"mine\", \"echo\": true}]", &given, 1), -EINVAL);
    cr_assert(strstr(filch_error(), "two handlers"), "%s", filch_error());
    end_table(&table);
}
