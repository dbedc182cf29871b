/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The ready-made handlers for trials: echo, sleep, hash, fail. */
#include <runtime/service/handlers/handlers.h>
#include <tests/service/service.h>

static const filch_retry_policy once = {.attempts = 1};

/* A service with one handler of a kind that takes no words, and its broker. */
static filch_service *service_with(const char *name, int64_t timeout, const filch_log *log,
                                   fl_broker **broker)
{
    static const fl_handler_spec none;
    const fl_handler_kind *kind = fl_handler_kind_of(name);
    cr_assert(kind && !*kind->words, "%s", name);
    filch_handler handler = {.type = "job", .timeout = timeout, .retry = &once};
    cr_assert_eq(kind->make(&handler, &none), 0);
    *broker = beside("memory:", FL_BROKER_ADMINISTERS);
    return service_of((filch_service_config){.log = log}, &handler, 1);
}

static filch_service_stats run_one(const char *name, const char *body, size_t size, int64_t timeout,
                                   const filch_log *log, char *reason)
{
    fl_broker *broker;
    filch_service *service = service_with(name, timeout, log, &broker);
    const filch_message message = {.type = "job", .body = body, .body_size = size};
    OK(filch_service_publish(service, &message, FILCH_FOREVER));
    cr_assert_eq(run_ready(service), 1);
    filch_service_stats stats = service_stats(service);
    if (stats.outcomes[FILCH_SERVICE_DEAD]) {
        fl_delivery *dead = only_message(broker, 1);
        snprintf(reason, 128, "%s", filch_message_header(&dead->message, "x-dlq-reason"));
        free(dead);
    }
    OK(filch_service_destroy(service));
    fl_broker_memory.close(broker);
    return stats;
}

static void is_done(const char *name, const char *body)
{
    char reason[128] = "";
    filch_service_stats stats = run_one(name, body, strlen(body), 0, NULL, reason);
    cr_assert_eq(stats.outcomes[FILCH_SERVICE_DONE], 1, "%s '%s': %s", name, body, reason);
}

static void is_dead(const char *name, const char *body, size_t size, const char *words)
{
    char reason[128] = "";
    filch_service_stats stats = run_one(name, body, size, 0, NULL, reason);
    cr_assert_eq(stats.outcomes[FILCH_SERVICE_DEAD], 1, "%s '%s'", name, body);
    cr_assert(strstr(reason, words), "%s '%s': %s", name, body, reason);
}

Test(trial_handlers, echo_is_done)
{
    is_done("echo", "");
    is_done("echo", "text");
}

Test(trial_handlers, sleep_waits_for_time_in_body)
{
    int64_t before = filch_now();
    is_done("sleep", "30ms");
    is_done("sleep", "\"20ms\"");
    cr_assert_geq(filch_now() - before, 50 * FILCH_MILLISECOND);
    is_done("sleep", "0");
}

Test(trial_handlers, sleep_refuses_body_without_time)
{
    static const char *const bodies[] = {
        "soon", "-1s", "2d", "\"", "\"\"x", "1s ", "99999999999999999999999999999999"};
    for (unsigned i = 0; i < sizeof bodies / sizeof *bodies; i++)
        is_dead("sleep", bodies[i], strlen(bodies[i]), "not a duration (0..1d");
    is_dead("sleep", "1\0s", 3, "not a duration");
}

Test(trial_handlers, sleep_ends_with_its_context)
{
    char reason[128] = "";
    filch_service_stats stats = run_one("sleep", "1d", 2, FILCH_MILLISECOND, NULL, reason);
    cr_assert_eq(stats.outcomes[FILCH_SERVICE_DEAD], 1);
    cr_assert(strstr(reason, "no attempts left"), "%s", reason);
}

Test(trial_handlers, fail_buries_or_retries)
{
    is_dead("fail", "", 0, "asked to fail");
    is_dead("fail", "retr", 4, "asked to fail");
    is_dead("fail", "retry", 5, "no attempts left: the handler fail was asked to retry");
    is_dead("fail", "\"retry\"", 7, "asked to retry");
}

static char logged[FILCH_LOG_LINE];

static void keep_hash(const char *line, size_t size, void *arg)
{
    if (memmem(line, size, "sha256", 6))
        snprintf(logged, sizeof logged, "%.*s", (int)size, line);
}

Test(trial_handlers, hash_logs_sha_256_of_body)
{
    static const struct {
        const char *body, *hash;
    } rows[] = {
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}; /* FIPS 180-4 */
    filch_log log;
    if (!fl_handler_kind_of("hash")) /* built without libcrypto */
        return;
    char reason[128] = "";
    filch_log_init(&log, FILCH_LOG_DEBUG, keep_hash, NULL);
    for (unsigned i = 0; i < 2; i++) {
        filch_service_stats stats =
            run_one("hash", rows[i].body, strlen(rows[i].body), 0, &log, reason);
        cr_assert_eq(stats.outcomes[FILCH_SERVICE_DONE], 1, "%s", reason);
        cr_assert(strstr(logged, rows[i].hash), "%s", logged);
    }
}
