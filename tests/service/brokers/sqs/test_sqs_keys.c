/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps time
 *
 * Access keys of the broker `sqs:` come from where AWS's tools look for them; URLs and names of queues are
 * checked. */
#include <runtime/service/brokers/sqs/keys.h>
#include <runtime/service/brokers/sqs/sqs.h>
#include <stdarg.h>
#include <tests/service/brokers/sqs/sqs.h>
#include <tests/service/service.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <time.h>

/* ---- Where keys come from ---- */

static char explained[600];

FILCH_PRINTF(3, 4)
static fl_broker_rc note_reason(const fl_broker_host *host, fl_broker_rc rc, const char *format,
                                ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(explained, sizeof explained, format, list);
    va_end(list);
    return rc;
}

static fl_broker_host noting_host;

static fl_broker_rc open_with(fl_broker **out, const char *url)
{
    noting_host = beside_host;
    noting_host.explain = note_reason;
    const fl_broker_config config = {.host = &noting_host,
                                     .role = FL_BROKER_PUBLISHES,
                                     .url = url,
                                     .queues = test_queues,
                                     .queue_count = 1,
                                     .lease = 30 * FILCH_SECOND,
                                     .call_timeout = 10 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST};
    return fl_broker_sqs.open(out, &config);
}

static void opens(const char *options)
{
    fl_broker *broker;
    cr_assert_eq(open_with(&broker, sqs_url(options)), FL_BROKER_OK, "%s", explained);
    fl_broker_sqs.close(broker);
}

static void clear_keys(void)
{
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_SESSION_TOKEN");
}

static char folder[128];

static void remove_folder(void)
{
    folder_remove(folder);
}

/* Writes a file, and names it in the variable. */
static void write_file(const char *name, const char *variable, const char *text)
{
    char path[160];
    const char *base = getenv("TMPDIR");
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s/filch-sqs-XXXXXX",
                 base && strlen(base) < 64 ? base : "/tmp");
        cr_assert(mkdtemp(folder));
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
    setenv(variable, path, 1);
}

Test(sqs_keys, keys_come_from_the_environment_first)
{
    sqs_start("");
    write_file("keys", "AWS_SHARED_CREDENTIALS_FILE",
               "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n");
    opens("");
}

Test(sqs_keys, keys_come_from_file_profile)
{
    sqs_start("");
    clear_keys();
    write_file("keys", "AWS_SHARED_CREDENTIALS_FILE",
               "# keys\n[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n"
               "[jobs]\naws_access_key_id = " SQS_ID "\n");
    write_file("config", "AWS_CONFIG_FILE",
               "[default]\nregion = us-east-1\n[profile jobs]\nregion = eu-central-1\n"
               "s3 =\n  region = wrong\naws_secret_access_key=" SQS_SECRET "\n");
    opens("&profile=jobs");
    setenv("AWS_PROFILE", "jobs", 1);
    opens("");
    char region[16];
    cr_assert(fl_sqs_profile_read(NULL, "region", region, sizeof region));
    cr_assert_str_eq(region, "eu-central-1");
    cr_assert_not(fl_sqs_profile_read("absent", "region", region, sizeof region));
    cr_assert_str_eq(region, "");
}

Test(sqs_keys, keys_come_from_container_agent)
{
    char url[64];
    sqs_start("token");
    clear_keys();
    snprintf(url, sizeof url, "http://127.0.0.1:%u/keys", sqs.port);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wrong", 1);
    write_file("token", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "agent\n");
    opens("");
    cr_assert_eq(sqs_seen("keys"), 1);
}

Test(sqs_keys, container_token_stays_on_machine)
{
    fl_broker *broker;
    sqs_start("");
    clear_keys();
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/keys", 1);
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_REFUSED);
    cr_assert_not_null(strstr(explained, "AWS_ACCESS_KEY_ID"));
}

static void use_identity(const char *role)
{
    char url[64];
    clear_keys();
    snprintf(url, sizeof url, "http://127.0.0.1:%u/sts", sqs.port);
    setenv("AWS_ENDPOINT_URL_STS", url, 1);
    setenv("AWS_ROLE_ARN", role, 1);
    write_file("identity", "AWS_WEB_IDENTITY_TOKEN_FILE", "an/identity\n");
}

Test(sqs_keys, keys_come_for_a_web_identity)
{
    sqs_start("token");
    use_identity("arn:aws:iam::1:role/worker");
    write_file("keys", "AWS_SHARED_CREDENTIALS_FILE",
               "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n");
    opens("");
    cr_assert_eq(sqs_seen("keys"), 1);
}

Test(sqs_keys, unusable_web_identity_is_reported)
{
    fl_broker *broker;
    sqs_start("token");
    use_identity("arn:aws:iam::1:role/other");
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_REFUSED);
    cr_assert_not_null(strstr(explained, "AWS_ROLE_ARN"), "%s", explained);
    cr_assert_null(strstr(explained, "an/identity"));
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere", 1);
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_LOST);
    cr_assert_not_null(strstr(explained, "AWS_WEB_IDENTITY_TOKEN_FILE"), "%s", explained);
}

Test(sqs_keys, incomplete_key_answers_are_ignored)
{
    static const char all[] = "<SessionToken>t</SessionToken><SecretAccessKey>s</SecretAccessKey>"
                              "<Expiration>2030-01-01T00:00:00Z</Expiration>"
                              "<AccessKeyId>i</AccessKeyId>";
    static const char *const wrong[] = {
        "",
        "<AccessKeyId>i</AccessKeyId>",
        "<SessionToken>t&amp;</SessionToken><SecretAccessKey>s</SecretAccessKey>"
        "<Expiration>2030-01-01T00:00:00Z</Expiration><AccessKeyId>i</AccessKeyId>",
        "<SessionToken>t</SessionToken><SecretAccessKey>s</SecretAccessKey>"
        "<Expiration>soon</Expiration><AccessKeyId>i</AccessKeyId>",
        "<SessionToken>t</SessionToken><SecretAccessKey></SecretAccessKey>"
        "<Expiration>2030-01-01T00:00:00Z</Expiration><AccessKeyId>i</AccessKeyId>",
    };
    fl_sqs_identity got;
    cr_assert(fl_sqs_identity_read(all, &got));
    cr_assert_str_eq(got.token, "t");
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_not(fl_sqs_identity_read(wrong[i], &got), "%s", wrong[i]);
}

static void use_instance(void)
{
    char url[64];
    clear_keys();
    snprintf(url, sizeof url, "http://127.0.0.1:%u", sqs.port);
    unsetenv("AWS_EC2_METADATA_DISABLED");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url, 1);
}

Test(sqs_keys, keys_come_from_instance_metadata)
{
    sqs_start("token");
    use_instance();
    opens("");
    cr_assert_eq(sqs_seen("keys"), 1);
}

/* Linked in place of time(). */
time_t __real_time(time_t *out);
time_t __wrap_time(time_t *out);
static time_t passed;

time_t __wrap_time(time_t *out)
{
    time_t now = __real_time(NULL) + passed;
    if (out)
        *out = now;
    return now;
}

static void counts(fl_broker *broker)
{
    fl_broker_count count;
    cr_assert_eq(fl_broker_sqs.count(broker, 0, &count), FL_BROKER_OK, "%s", explained);
}

Test(sqs_keys, keys_renew_before_expiry_beside_requests)
{
    fl_broker *broker;
    sqs_start("token");
    use_instance();
    sqs_order("keys?seconds=200"); /* of less than five minutes */
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_OK, "%s", explained);
    counts(broker);
    cr_assert_eq(sqs_seen("keys"), 1, "not at each request");
    passed = 30;
    counts(broker);
    WAIT_WHILE(fl_broker_sqs.turn(broker) == FL_BROKER_OK && sqs_seen("keys") < 2);
    counts(broker);
    sqs_order("keys?seconds=3600");
    passed = 400; /* they are over */
    counts(broker);
    cr_assert_eq(sqs_seen("keys"), 3);
    fl_broker_sqs.close(broker);
}

Test(sqs_keys, requests_do_not_refetch_missing_keys)
{
    fl_broker *broker;
    fl_broker_count count;
    sqs_start("token");
    use_instance();
    sqs_order("keys?seconds=400");
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_OK, "%s", explained);
    sqs_order("keys?seconds=0"); /* those that come are over */
    passed = 420;
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(fl_broker_sqs.count(broker, 0, &count), FL_BROKER_LOST);
    cr_assert_leq(sqs_seen("keys"), 3, "one, and one more if two seconds have passed");
    sqs_order("keys?seconds=8000");
    passed = 430;
    counts(broker);
    fl_broker_sqs.close(broker);
}

Test(sqs_keys, only_key_errors_refetch_keys)
{
    fl_broker *broker;
    fl_broker_count count;
    sqs_start("token");
    use_instance();
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_OK, "%s", explained);
    sqs_order("fail?operation=GetQueueAttributes&count=1&status=403&code=AccessDenied");
    cr_assert_eq(fl_broker_sqs.count(broker, 0, &count), FL_BROKER_REFUSED);
    passed = 30;
    counts(broker);
    cr_assert_eq(sqs_seen("keys"), 1);
    sqs_order("fail?operation=GetQueueAttributes&count=1&status=403&code=ExpiredToken");
    cr_assert_eq(fl_broker_sqs.count(broker, 0, &count), FL_BROKER_LOST);
    counts(broker);
    cr_assert_eq(sqs_seen("keys"), 2);
    fl_broker_sqs.close(broker);
}

/* ---- Refusals ---- */

Test(sqs_keys, refusal_of_keys_hides_their_text)
{
    static const char *const tokens[] = {"a secret token", ""};
    fl_broker *broker;
    sqs_start("another token");
    for (unsigned i = 0; i < 2; i++) {
        setenv("AWS_SESSION_TOKEN", tokens[i], 1);
        cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_REFUSED);
        cr_assert_not_null(strstr(explained, "InvalidClientTokenId"), "%s", explained);
    }
    sqs_start("");
    setenv("AWS_SECRET_ACCESS_KEY", "a wrong secret", 1);
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_REFUSED);
    cr_assert_not_null(strstr(explained, "SignatureDoesNotMatch"), "%s", explained);
    cr_assert_null(strstr(explained, "secret"));
}

Test(sqs_keys, absent_server_is_lost)
{
    fl_broker *broker;
    sqs_start("");
    sqs_kill();
    cr_assert_eq(open_with(&broker, sqs_url("")), FL_BROKER_LOST);
}

Test(sqs_keys, missing_queue_is_created_unless_forbidden)
{
    fl_broker *broker;
    sqs_start("");
    cr_assert_eq(open_with(&broker, sqs_url("&create=no")), FL_BROKER_REFUSED);
    cr_assert_not_null(strstr(explained, "queue tasks does not exist"), "%s", explained);
    cr_assert_eq(sqs_seen("CreateQueue"), 0);
    opens("");
    opens("&create=no");
    cr_assert_eq(sqs_seen("CreateQueue"), 1);
}

Test(sqs_keys, wrong_urls_are_refused_offline)
{
    static const struct {
        const char *url, *reason;
    } wrong[] = {
        {"sqs:", "without a region"},
        {"sqs:?region=Europe!", "is not a valid name"},
        {"sqs:?region=eu-central-1&create=maybe", "valid: yes, no"},
        {"sqs:?wait=3", "unknown option"},
        {"sqs://key:secret@host/?region=eu-central-1", "without a valid host"},
        {"sqs://key:secret/?region=eu-central-1", "without a valid host"},
        {"sqs:?region=eu-central-1&secret@host", "'***'"},
        {"sqs+http:?region=eu-central-1", "without a valid host"},
        {"sqs+http://example.com/?region=eu-central-1", "plain text"},
        {"sqs://example.com/account/?region=eu-central-1", "is not a number"},
    };
    fl_broker *broker;
    sqs_set_environment("");
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(open_with(&broker, wrong[i].url), FL_BROKER_FATAL, "%s", wrong[i].url);
        cr_assert_not_null(strstr(explained, wrong[i].reason), "%s", explained);
        cr_assert_null(strstr(explained, "secret"), "%s", explained);
    }
}

Test(sqs_keys, the_endpoint_follows_from_the_region)
{
    static const char *const urls[][2] = {
        {"sqs:?region=eu-central-1", "https://sqs.eu-central-1.amazonaws.com/"},
        {"sqs:?region=eu-central-1&ca=/a://b", "https://sqs.eu-central-1.amazonaws.com/"},
        {"sqs:?region=cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/"},
        {"sqs://[::1]:8443/123456789012/?region=eu-central-1", "https://[::1]:8443/"},
        {"sqs+http://localhost:4566/?region=eu-central-1", "http://localhost:4566/"},
        {"sqs+http://queue:9324/?region=x-1&plaintext=yes", "http://queue:9324/"},
    };
    fl_sqs_options options;
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++) {
        cr_assert_eq(fl_sqs_parse(&beside_host, urls[i][0], &options), FL_BROKER_OK);
        cr_assert_str_eq(options.endpoint, urls[i][1]);
        fl_url_end(&options.url);
    }
}

Test(sqs_keys, queue_name_leaves_dead_letter_room)
{
    static const char seventy_six[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789012345";
    char name[96];
    const char *const names[] = {name};
    fl_broker_config config = {.host = &beside_host,
                               .url = "sqs:?region=eu-central-1",
                               .queues = names,
                               .queue_count = 1};
    snprintf(name, sizeof name, "%s", seventy_six);
    cr_assert_eq(fl_broker_sqs.check(&config), FL_BROKER_OK);
    snprintf(name, sizeof name, "%s7", seventy_six);
    cr_assert_eq(fl_broker_sqs.check(&config), FL_BROKER_FATAL);
}

Test(sqs_keys, queue_names_fit_server_rules)
{
    static const char *const names[][2] = {
        {"jobs", "jobs"},
        {"jobs.dlq", "jobs-dlq"},
        {"jobs.dlq.dlq", "jobs-dlq-dlq"},
        {"jobs.fifo", "jobs.fifo"},
        {"jobs.fifo.dlq", "jobs-dlq.fifo"},
        {"a.b", NULL},
        {"", NULL},
        {".fifo", NULL},
        {"0123456789012345678901234567890123456789012345678901234567890123456789012345.fifo", NULL},
    };
    char remote[FL_SQS_NAME];
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        bool is_valid = fl_sqs_remote_name(names[i][0], remote);
        cr_assert_eq(is_valid, names[i][1] != NULL, "%s", names[i][0]);
        if (is_valid)
            cr_assert_str_eq(remote, names[i][1]);
    }
}
