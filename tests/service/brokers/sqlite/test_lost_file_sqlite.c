/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A database that is removed or replaced while a service runs. */
#include <tests/service/explained.h>
#include <tests/support/reading.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static char url[256];
static signpost runs;

static int counts(filch_self self, filch_service_job *job, void *arg)
{
    signpost_raise(&runs);
    return 0;
}

static const filch_handler handler = {.type = "count", .fn = counts};
static const char *const suffixes[] = {"", "-wal", "-shm"};

static const char *file_of(const char *name, const char *suffix)
{
    static char paths[2][200];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s%s", folder_make(), name, suffix);
    return path;
}

static void remove_database(void)
{
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(unlink(file_of("jobs.db", suffixes[i])), 0, "%s", suffixes[i]);
}

/* One job, by a connection of another program. */
static void publish_beside(const char *name)
{
    char at[256];
    fl_broker *broker = NULL;
    const filch_message message = {.id = "1", .type = "count", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    snprintf(at, sizeof at, "sqlite:%s", file_of(name, ""));
    cr_assert_eq(try_to_open(&fl_broker_sqlite, at, &broker), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(fl_broker_sqlite.publish(broker, &item, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(item.status, 0);
    fl_broker_sqlite.close(broker);
}

/* A running service has done one job; then `lose` takes its database away and puts a job into another. */
static void goes_on_after(void (*lose)(void))
{
    filch_log log;
    serving one;
    snprintf(url, sizeof url, "sqlite:%s", file_of("jobs.db", ""));
    filch_log_init(&log, FILCH_LOG_WARN, log_lines_add, NULL);
    filch_service *service =
        service_of((filch_service_config){.broker = url, .log = &log}, &handler, 1);
    publish_beside("jobs.db");
    serving_begin(&one, service);
    WAIT_WHILE(service_stats(service).settled < 1);
    lose();
    WAIT_WHILE(service_stats(service).settled < 2);
    cr_assert_eq(signpost_count(&runs), 2);
    cr_assert_eq(service_stats(service).broken, 1);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0);
    OK(filch_service_destroy(service));
    cr_assert(strstr(log_lines, "broker connection failed") &&
                  strstr(log_lines, file_of("jobs.db", "")),
              "%s", log_lines);
}

static void lose_file(void)
{
    remove_database();
    publish_beside("jobs.db");
}

static void lose_to_another(void)
{
    publish_beside("other.db");
    remove_database();
    cr_assert_eq(rename(file_of("other.db", ""), file_of("jobs.db", "")), 0);
}

Test(lost_file_sqlite, a_removed_database_is_made_again)
{
    goes_on_after(lose_file);
}

Test(lost_file_sqlite, a_replaced_database_is_opened)
{
    goes_on_after(lose_to_another);
    cr_assert(strstr(log_lines, "was replaced"), "%s", log_lines);
}

Test(lost_file_sqlite, no_message_enters_a_removed_database)
{
    fl_broker *admin = NULL;
    fl_broker_count count;
    snprintf(url, sizeof url, "sqlite:%s", file_of("jobs.db", ""));
    filch_service *service = service_of((filch_service_config){.broker = url}, &handler, 1);
    publish(service, "count", "1");
    remove_database();
    publish(service, "count", "2");
    cr_assert_eq(try_to_open_as(&fl_broker_sqlite, url, FL_BROKER_ADMINISTERS, &admin),
                 FL_BROKER_OK, "%s", explained);
    cr_assert_eq(fl_broker_sqlite.count(admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.ready, 1);
    remove_database();
    cr_assert_eq(fl_broker_sqlite.count(admin, 0, &count), FL_BROKER_LOST);
    cr_assert(strstr(explained, "No such file"), "%s", explained);
    fl_broker_sqlite.close(admin);
    OK(filch_service_destroy(service));
}
