/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service that exports tables: a job data_export copies one table of a SQLite database into a CSV
 * file. Shows a handler on a thread, since the library blocks; a deadline between rows; and a
 * result that is complete or absent.
 *
 *   cc -O2 exports.c $(pkg-config --cflags --libs filch-service jansson sqlite3) -o exports
 *   ./exports --broker sqlite:jobs.db
 *   filch-jobs enqueue --broker sqlite:jobs.db --type data_export \
 *       '{"database": "shop.db", "table": "orders", "to": "orders.csv"}' */
#include <errno.h>
#include <filch/service_main.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MOST = 4000 };

/* A cell, in quotes, with its own doubled. */
static void write_cell(FILE *file, const char *text, bool first)
{
    fputs(first ? "\"" : ",\"", file);
    for (; text && *text; text++) {
        if (*text == '"')
            fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

static void write_names(FILE *file, sqlite3_stmt *rows)
{
    for (int i = 0; i < sqlite3_column_count(rows); i++)
        write_cell(file, sqlite3_column_name(rows, i), i == 0);
    fputs("\r\n", file);
}

static void write_row(FILE *file, sqlite3_stmt *rows)
{
    for (int i = 0; i < sqlite3_column_count(rows); i++)
        write_cell(file, (const char *)sqlite3_column_text(rows, i), i == 0);
    fputs("\r\n", file);
}

/* Returns 0, or the handler's result. */
static int write_all(filch_service_job *job, FILE *file, sqlite3_stmt *rows)
{
    filch_context *context = filch_service_job_context(job);
    int step, cause;
    write_names(file, rows);
    while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
        if ((cause = filch_context_cause(context)))
            return cause; /* time is over, or the service ends: the job is delivered again */
        write_row(file, rows);
    }
    if (step == SQLITE_DONE)
        return 0;
    return filch_service_job_retry(job, 0, "cannot read on: %s", sqlite3_errstr(step));
}

static int write_file(filch_service_job *job, sqlite3_stmt *rows, const char *to)
{
    char beside[PATH_MOST + 8];
    snprintf(beside, sizeof beside, "%s.new", to);
    FILE *file = fopen(beside, "w");
    int rc = file ? write_all(job, file, rows) : 0;
    if (!rc && (!file || fclose(file) || rename(beside, to)))
        return filch_service_job_retry(job, 0, "cannot write %s: %s", to, strerror(errno));
    if (rc)
        fclose(file);
    return rc;
}

static int export_table(filch_service_job *job, const char *database, const char *table,
                        const char *to)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    int rc;
    if (sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY, NULL) || !sql ||
        sqlite3_prepare_v2(db, sql, -1, &rows, NULL))
        rc = filch_service_job_fail(job, "cannot read table '%s' of %s: %s", table, database,
                                    sqlite3_errmsg(db));
    else
        rc = write_file(job, rows, to);
    sqlite3_finalize(rows);
    sqlite3_free(sql);
    sqlite3_close(db);
    return rc;
}

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    const char *database, *table, *to;
    int rc;
    (void)self, (void)arg;
    json_t *body = json_loadb(message->body, message->body_size, 0, NULL);
    if (json_unpack(body, "{s:s, s:s, s:s}", "database", &database, "table", &table, "to", &to) ||
        strlen(to) > PATH_MOST)
        rc = filch_service_job_fail(job, "the body is not {\"database\": path, \"table\": name, "
                                         "\"to\": path}");
    else
        rc = export_table(job, database, table, to);
    json_decref(body);
    return rc;
}

int main(int argc, char **argv)
{
    static const filch_handler handlers[] = {
        {.type = "data_export", .fn = handle, .timeout = 60 * FILCH_SECOND, .thread = true}};
    return filch_service_main(argc, argv, handlers, 1);
}
