/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan; needs redis_server
 *
 * The URL of a broker in a file: a password that has changed counts at the next connection; a file
 * that cannot be used changes nothing. */
#include <sys/stat.h>
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/service.h>

/* A service on a Redis server with a password, and the file with its URL. */
typedef struct guarded {
    redis_server server;
    char file[160], url[64]; /* url: the first one */
    filch_service *service;
    filch_log log;
    serving thread;
} guarded;

static signpost ran, changed, kept;

static int run(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&ran);
    return 0;
}

static void take_line(const char *line, size_t size, void *arg)
{
    if (memmem(line, size, "broker URL has changed", 22))
        signpost_raise(&changed);
    if (memmem(line, size, "broker URL not reloaded", 23))
        signpost_raise(&kept);
}

static void write_file(const guarded *one, const char *text)
{
    FILE *file = fopen(one->file, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fchmod(fileno(file), 0600), 0);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

static const char *url_with(const guarded *one, const char *password)
{
    static char url[64]; /* until the next call */
    snprintf(url, sizeof url, "redis://:%s@127.0.0.1:%d", password, one->server.port);
    return url;
}

/* Serves, and has run a job. */
static void begin(guarded *one)
{
    static const filch_handler handler = {.type = "job", .fn = run};
    REDIS_START(&one->server, "--requirepass", "first");
    snprintf(one->file, sizeof one->file, "%s/url", folder_make());
    snprintf(one->url, sizeof one->url, "%s", url_with(one, "first"));
    write_file(one, one->url);
    OK(filch_log_init(&one->log, FILCH_LOG_INFO, take_line, NULL));
    one->service = service_of((filch_service_config){.broker = one->url,
                                                     .broker_file = one->file,
                                                     .log = &one->log},
                              &handler, 1);
    serving_begin(&one->thread, one->service);
    publish(one->service, "job", "");
    signpost_wait(&ran, 1);
}

static void restart(guarded *one, const char *password)
{
    redis_kill(&one->server);
    one->server.options[1] = password;
    redis_start(&one->server);
}

static void end(guarded *one)
{
    OK(filch_service_stop(one->service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one->thread), 0, "%s", filch_error());
    OK(filch_service_destroy(one->service));
    redis_kill(&one->server);
}

Test(service_secret, changed_password_is_reread_from_file)
{
    guarded one = {.service = NULL};
    begin(&one);
    write_file(&one, url_with(&one, "second"));
    restart(&one, "second");
    publish(one.service, "job", "");
    signpost_wait(&ran, 2);
    cr_assert_eq(signpost_count(&changed), 2); /* both connections: to consume and to publish */
    cr_assert_eq(signpost_count(&kept), 0);
    end(&one);
}

Test(service_secret, unusable_file_keeps_url_logs_once)
{
    static const char *const texts[] = {"", "a line\nand another", "memory:", "redis://host?db=x"};
    guarded one = {.service = NULL};
    begin(&one);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(&one, texts[i]);
        restart(&one, "first");
        publish(one.service, "job", "");
        signpost_wait(&ran, 2 + i);
    }
    cr_assert_eq(chmod(one.file, 0644), 0);
    restart(&one, "first");
    publish(one.service, "job", "");
    signpost_wait(&ran, 6);
    cr_assert_eq(signpost_count(&kept), 2); /* once for each connection */
    cr_assert_eq(signpost_count(&changed), 0);
    end(&one);
}
