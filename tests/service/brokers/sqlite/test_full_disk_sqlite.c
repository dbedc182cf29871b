/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A database whose disk is full. */
#include <tests/service/full_disk.h>
#include <tests/service/refusals.h>

Test(full_disk_sqlite, publish_fails_but_confirmed_messages_survive)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db", disk_make(2));
    a_full_disk_loses_nothing(
        &(full_disk){&fl_broker_sqlite, url, "free some space on its file system", NULL});
}

Test(full_disk_sqlite, a_service_reports_it)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db", disk_make(2));
    a_service_tells(&(refusals){url, "free some space on its file system", disk_fill, disk_clear});
}

/* The numbers of a connection that reads only: they are those of `tasks`. */
static void counts_to_read(const char *url, unsigned ready)
{
    fl_broker *broker = NULL;
    fl_broker_count count;
    tried_reads = true;
    cr_assert_eq(try_to_open_as(&fl_broker_sqlite, url, FL_BROKER_ADMINISTERS, &broker),
                 FL_BROKER_OK, "%s", explained);
    cr_assert_eq(fl_broker_sqlite.count(broker, 0, &count), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(count.ready, ready);
    fl_broker_sqlite.close(broker);
    tried_reads = false;
}

Test(full_disk_sqlite, a_reader_needs_no_room)
{
    char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db", disk_make(2));
    const full_disk of = {&fl_broker_sqlite, url, NULL, NULL};
    fl_broker *publisher = full_open(&of, FL_BROKER_PUBLISHES);
    cr_assert(full_publish(&of, publisher));
    disk_fill();
    counts_to_read(url, 1);
    fl_broker_sqlite.close(publisher);
    counts_to_read(url, 1);
}

Test(full_disk_sqlite, a_reader_writes_nothing)
{
    char url[256], path[200];
    snprintf(url, sizeof url, "sqlite:%s/jobs %% 1.db", disk_make(2));
    snprintf(path, sizeof path, "%s/jobs %% 1.db-wal", disk_path);
    tried_reads = true;
    is_refused(&fl_broker_sqlite, url, FL_BROKER_REFUSED, "no database yet");
    tried_reads = false;
    const full_disk of = {&fl_broker_sqlite, url, NULL, NULL};
    fl_broker *publisher = full_open(&of, FL_BROKER_PUBLISHES);
    cr_assert(full_publish(&of, publisher));
    fl_broker_sqlite.close(publisher);
    counts_to_read(url, 1);
    cr_assert_neq(access(path, F_OK), 0);
    cr_assert_eq(mount(NULL, disk_path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    counts_to_read(url, 1);
}
