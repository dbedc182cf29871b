/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `sqlite:` conforms to the interface; processes share a database; messages survive
 * their death and a boot; databases that cannot be used are refused with the remedy. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tests/service/broker.h>
#include <tests/service/explained.h>
#include <tests/service/races.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

/* "sqlite:FOLDER/NAME", in a folder that ends with the test. */
static const char *url_of(const char *name)
{
    static char url[256];
    snprintf(url, sizeof url, "sqlite:%s/%s", folder_make(), name);
    return url;
}

static const char *fresh_url(void)
{
    static unsigned last;
    char name[32];
    snprintf(name, sizeof name, "%u.db?sync=normal", ++last);
    return url_of(name);
}

static void pass_time(int64_t ns)
{
    pass(ns);
}

static const tested_broker tested = {.kind = &fl_broker_sqlite,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time};

BROKER_CONFORMS(sqlite_broker, tested)

/* ---- Files ---- */

Test(sqlite_broker, files_are_private_below_state_folder)
{
    static const char *const files[] = {"filch/jobs.db", "filch/jobs.db-wal", "filch/jobs.db-shm"};
    struct stat status;
    char path[256];
    setenv("XDG_STATE_HOME", folder_make(), 1);
    umask(0);
    bench b = {.tested = &tested, .kind = &fl_broker_sqlite, .url = "sqlite:"};
    fl_broker *admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder_make(), files[i]);
        cr_assert_eq(stat(path, &status), 0, "%s", path);
        cr_assert_eq(status.st_mode & 0777, 0600, "%s: %o", path, status.st_mode);
    }
    b.kind->close(admin);
}

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s", url_of(name) + strlen("sqlite:"));
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void execute(const char *name, const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(url_of(name) + strlen("sqlite:"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

Test(sqlite_broker, unusable_databases_are_refused_with_remedy)
{
    char text[2048];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    write_file("text", text);
    write_file("file", "");
    execute("later", "PRAGMA user_version = 7");
    is_refused(&fl_broker_sqlite, url_of("a.db?sync=often"), FL_BROKER_FATAL,
               "option of sqlite: sync=often (valid: full, normal)");
    is_refused(&fl_broker_sqlite, url_of("text"), FL_BROKER_REFUSED,
               "it is not a database; give another path");
    is_refused(&fl_broker_sqlite, url_of("later"), FL_BROKER_REFUSED,
               "has tables of version 7 (valid: 1)");
    is_refused(&fl_broker_sqlite, url_of("file/below.db"), FL_BROKER_REFUSED,
               "below.db (Not a directory)");
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    is_refused(&fl_broker_sqlite, "sqlite:", FL_BROKER_FATAL, "HOME is not set; give a path");
}

Test(sqlite_broker, held_database_is_busy)
{
    sqlite3 *db;
    fl_broker *broker = NULL;
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    tried_call_timeout = FILCH_SECOND / 2;
    cr_assert_eq(try_to_open(&fl_broker_sqlite, url_of("held.db"), &broker), FL_BROKER_OK, "%s",
                 explained);
    cr_assert_eq(sqlite3_open(url_of("held.db") + strlen("sqlite:"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(fl_broker_sqlite.publish(broker, &item, 1), FL_BROKER_BUSY);
    cr_assert_eq(item.status, -EAGAIN);
    cr_assert(strstr(explained, "another process holds the database"), "%s", explained);
    cr_assert_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(fl_broker_sqlite.publish(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, 0);
    sqlite3_close(db);
    fl_broker_sqlite.close(broker);
}

/* ---- Records ---- */

static int count_records(const char *url)
{
    char path[256];
    sqlite3 *db;
    sqlite3_stmt *statement;
    snprintf(path, sizeof path, "%.*s", (int)strcspn(url, "?"), url);
    cr_assert_eq(sqlite3_open(path + strlen("sqlite:"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM records", -1, &statement, NULL),
                 SQLITE_OK);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    int count = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return count;
}

Test(sqlite_broker, expired_records_are_deleted_on_write)
{
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        if (i == 3)
            pass(61 * FILCH_SECOND);
        fl_delivery *one = bench_receive(&b);
        fl_note note = bench_end_note(&b, one, FILCH_RECORD_DONE, "42");
        bench_settle_with(&b, one, FL_SETTLE_ACK, &note);
        cr_assert_eq(count_records(b.url), i < 3 ? (int)i + 1 : 1);
    }
    bench_end(&b);
}

/* ---- Wake-ups ---- */

/* The event of a commit comes before its message is visible, on a slow disk long before that. */
Test(sqlite_broker, looks_after_commit_double)
{
    int64_t until, step = 10 * FILCH_MILLISECOND;
    bench b = bench_begin(&tested);
    for (unsigned queue = 0; queue < sizeof test_queues / sizeof *test_queues; queue++)
        cr_assert_null(bench_receive_by(&b, b.consumer, queue));
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    for (unsigned looks = 0; looks < 9; looks++) {
        int64_t before = beside_host.now(&beside_host);
        cr_assert_eq(tested.kind->turn(b.consumer), FL_BROKER_OK);
        int64_t after = beside_host.now(&beside_host);
        bench_wakes(&b, true, &until);
        cr_assert(before + step <= until && until <= after + step, "look %u", looks);
        step = step < FILCH_SECOND / 2 ? 2 * step : FILCH_SECOND;
        pass(until - after);
    }
    bench_end(&b);
}

/* ---- Boots ---- */

Test(sqlite_broker, boot_ends_leases_and_keeps_delays)
{
    bench b = bench_begin(&tested);
    char name[32];
    snprintf(name, sizeof name, "%s", strrchr(b.url, '/') + 1);
    *strchr(name, '?') = '\0';
    char *url = strdup(b.url);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = 60 * FILCH_SECOND}), 0);
    fl_delivery *lost = bench_receive(&b);
    bench_end(&b);
    /* the clock of the last boot had gone a day further */
    execute(name, "UPDATE meta SET value = 'the last boot' WHERE key = 'boot';"
                  "UPDATE jobs SET at = at + 86400000000000;");
    b = (bench){.tested = &tested, .kind = &fl_broker_sqlite, .url = url};
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, "1");
    bench_is_empty(&b);
    pass(60 * FILCH_SECOND);
    bench_next_is(&b, "2");
    free(lost);
    bench_end(&b);
    free(url);
}

/* ---- Processes ---- */

/* Publishes in batches until it is killed, and tells how many are confirmed. */
static void publish_for_ever(bench *b, int told)
{
    enum { BATCH = 7 };
    for (uint32_t confirmed = 0;;) {
        filch_message messages[BATCH];
        fl_publication items[BATCH];
        char ids[BATCH][16];
        for (unsigned i = 0; i < BATCH; i++) {
            snprintf(ids[i], sizeof ids[i], "%u", confirmed + i);
            messages[i] =
                (filch_message){.id = ids[i], .type = "t", .queue = "tasks", .attempt = 1};
            items[i] = (fl_publication){.message = &messages[i]};
        }
        if (b->kind->publish(b->publisher, items, BATCH) != FL_BROKER_OK)
            _exit(1);
        confirmed += BATCH;
        if (write(told, &confirmed, sizeof confirmed) != (ssize_t)sizeof confirmed)
            _exit(1);
    }
}

Test(sqlite_broker, confirmed_messages_survive_publisher_death)
{
    enum { KILLS = 5, ENOUGH = 20 };
    for (unsigned kill_count = 0; kill_count < KILLS; kill_count++) {
        int told[2];
        uint32_t confirmed = 0, reports = 0;
        bench b = {.tested = &tested, .kind = &fl_broker_sqlite, .url = fresh_url()};
        b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
        cr_assert_eq(pipe(told), 0);
        pid_t pid = fork();
        if (pid == 0) {
            b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
            publish_for_ever(&b, told[1]);
        }
        close(told[1]);
        while (reports < ENOUGH && read(told[0], &confirmed, sizeof confirmed) > 0)
            reports++;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(told[0], &confirmed, sizeof confirmed) > 0)
            ;
        close(told[0]);
        uint32_t received = 0;
        for (fl_delivery *one; (one = bench_receive(&b)); received++) {
            cr_assert_eq((uint32_t)atoi(one->message.id), received, "in order, each once");
            bench_ack(&b, one);
        }
        cr_assert_geq(received, confirmed);
        cr_assert_leq(received, confirmed + 7, "a batch that is not confirmed is whole");
        b.kind->close(b.consumer);
    }
}

/* The child has no connection from before its fork: SQLite would take the parent's locks for its own. */
Test(sqlite_broker, leaving_process_takes_no_messages_along)
{
    struct stat before, after;
    int go[2];
    char wal[192];
    bench b = {.tested = &tested, .kind = &fl_broker_sqlite, .url = url_of("left.db")};
    char *url = strdup(b.url);
    b.url = url;
    snprintf(wal, sizeof wal, "%s-wal", b.url + strlen("sqlite:"));
    cr_assert_eq(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]);
        (void)!read(go[0], wal, 1); /* until the parent has closed its end */
        execute("left.db", "SELECT count(*) FROM jobs");
        _exit(0);
    }
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(stat(wal, &before), 0);
    close(go[1]);
    waitpid(pid, NULL, 0);
    cr_assert_eq(stat(wal, &after), 0, "it was removed under its users");
    cr_assert_eq(after.st_ino, before.st_ino);
    bench_next_is(&b, "1");
    b.kind->close(b.publisher);
    b.kind->close(b.consumer);
    free(url);
}

Test(sqlite_broker, other_process_message_wakes_consumer)
{
    bench b = bench_begin(&tested);
    bench_is_empty(&b);
    pid_t pid = fork();
    if (pid == 0) {
        b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
        _exit(bench_publish(&b, (filch_message){0}) != 0);
    }
    struct pollfd fds[FL_WAKER_FDS];
    fl_delivery *one = NULL;
    while (!one) {
        int64_t until = FILCH_FOREVER;
        unsigned count = b.kind->watch(b.consumer, true, fds, FL_WAKER_FDS, &until);
        cr_assert(until - test_clock(NULL) <= FILCH_SECOND, "it looks each second");
        /* the file changes before the message is there: then it looks again soon */
        bool soon = until - test_clock(NULL) <= 20 * FILCH_MILLISECOND;
        int ready = poll(fds, count, soon ? 20 : 10000);
        cr_assert_geq(ready, 0);
        one = bench_receive(&b);
        if (!one && !ready && !soon)
            break;
    }
    cr_assert_not_null(one, "without the clock having moved");
    bench_ack(&b, one);
    waitpid(pid, NULL, 0);
    bench_end(&b);
}

/* ---- Races ---- */

BROKER_CLAIM(sqlite_broker, tested, racing_consumers_get_each_message_once)
