/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bank in an SQLite file: many jobs at a time, three connections, which they take turns with. The
 * calls of the library stop threads, but no worker. For service authors.
 *
 *   cc -O2 database.c $(pkg-config --cflags --libs filch sqlite3) -o database */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ACCOUNTS = 4, BALANCE = 1000, JOBS = 120, WIDTH = 16, CONNECTIONS = 3 };

static char path[] = "database-XXXXXX";
static filch_resource_pool *connections;

/* ---- What blocks: called on threads of their own ---- */

typedef struct call {
    sqlite3 *db;
    const char *sql;
    int64_t number; /* out: the first column of the last row */
    int rc;
} call;

static int take_number(void *arg, int columns, char **values, char **names)
{
    (void)names;
    if (columns && values[0])
        ((call *)arg)->number = strtoll(values[0], NULL, 10);
    return 0;
}

static void execute(void *arg)
{
    call *it = arg;
    int code = sqlite3_exec(it->db, it->sql, take_number, it, NULL);
    it->rc = code == SQLITE_CONSTRAINT ? -EDQUOT : code ? -EIO : 0; /* a balance below 0 */
    if (code && !sqlite3_get_autocommit(it->db))
        sqlite3_exec(it->db, "ROLLBACK", NULL, NULL, NULL);
}

static void open_file(void *arg)
{
    call *it = arg;
    if (sqlite3_open(path, &it->db) || sqlite3_busy_timeout(it->db, 10000))
        it->rc = -EIO;
}

static void close_file(void *db)
{
    sqlite3_close(db);
}

/* 0, or a negative errno. */
static int call_blocking(void (*fn)(void *), call *it)
{
    int rc = filch_blocking(fn, it);
    return rc ? rc : it->rc;
}

/* ---- Connections ---- */

static int dial(filch_self self, void **value, void *arg)
{
    (void)self, (void)arg;
    call it = {.db = NULL};
    int rc = call_blocking(open_file, &it);
    if (rc)
        sqlite3_close(it.db);
    else
        *value = it.db;
    return rc;
}

static int ping(filch_self self, void *db, void *arg)
{
    (void)self, (void)arg;
    return call_blocking(execute, &(call){.db = db, .sql = "SELECT 1"});
}

static void hang_up(filch_self self, void *db, void *arg)
{
    static filch_mutex one_at_a_time; /* the last to close clears up the file's journal */
    (void)self, (void)arg;
    filch_mutex_lock(&one_at_a_time);
    if (filch_blocking(close_file, db))
        close_file(db); /* there is no thread for it */
    filch_mutex_unlock(&one_at_a_time);
}

/* On any connection; waits until one is free. */
static int query(const char *sql, int64_t *number)
{
    filch_resource *one;
    int rc = filch_resource_pool_acquire(connections, &one, filch_in(10 * FILCH_SECOND));
    if (rc)
        return rc;
    call it = {.db = filch_resource_value(one), .sql = sql};
    rc = call_blocking(execute, &it);
    filch_resource_give_back(one, rc != -EIO); /* false: it is closed, and another one opened */
    *number = it.number;
    return rc;
}

/* ---- Jobs ---- */

static filch_u32 balanced;

/* Counts all the money there is. */
static int audit(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job, (void)data;
    int64_t sum;
    int rc = query("SELECT sum(balance) FROM account", &sum);
    if (!rc && sum == ACCOUNTS * BALANCE)
        filch_u32_add(&balanced, 1, FILCH_RELAXED);
    return rc;
}

/* From one account to the next; the 7th is more than anybody has. */
static int transfer(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    int number = (int)(intptr_t)data, amount = number == 7 ? 5000 : number % 10;
    int64_t none;
    char sql[256];
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE;"
             "UPDATE account SET balance = balance + %d WHERE id = %d;"
             "UPDATE account SET balance = balance - %d WHERE id = %d; COMMIT",
             amount, (number + 1) % ACCOUNTS, amount, number % ACCOUNTS);
    return query(sql, &none);
}

static void run(filch_runtime *rt)
{
    filch_pool *pool;
    filch_pool_stats stats;
    if (filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .width = WIDTH}))
        errx(1, "%s", filch_error());
    for (int i = 0; i < JOBS; i++)
        if (FILCH_SUBMIT(pool, transfer, (void *)(intptr_t)i) || FILCH_SUBMIT(pool, audit, NULL))
            errx(1, "%s", filch_error());
    if (filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%d jobs, %d failed; %u of %d audits saw all the money\n", (int)stats.accepted,
           (int)stats.outcomes[FILCH_FAILED], filch_u32_load(&balanced, FILCH_RELAXED), JOBS);
    filch_pool_destroy(pool);
}

int main(void)
{
    static const char schema[] =
        "PRAGMA journal_mode = WAL;" /* readers do not wait for writers */
        "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER CHECK (balance >= 0));"
        "INSERT INTO account VALUES (0, 1000), (1, 1000), (2, 1000), (3, 1000)";
    filch_resource_pool_config config = {.max = CONNECTIONS,
                                         .create = dial,
                                         .check = ping,
                                         .destroy = hang_up,
                                         .check_after = 30 * FILCH_SECOND,
                                         .idle_time = 60 * FILCH_SECOND};
    filch_runtime *rt;
    int64_t number;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd))
        err(1, "%s", path);
    if (filch_runtime_create(&rt, NULL) || filch_resource_pool_create(&connections, rt, &config) ||
        query(schema, &number))
        errx(1, "%s", filch_error());
    run(rt);
    for (int i = 0; i < ACCOUNTS; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT balance FROM account WHERE id = %d", i);
        if (query(sql, &number))
            errx(1, "%s", filch_error());
        printf("account %d: %lld\n", i, (long long)number);
    }
    filch_resource_pool_stats all;
    filch_resource_pool_stats_read(connections, &all, sizeof all);
    printf("%d connections or fewer, all given back: %s\n", CONNECTIONS,
           all.created <= CONNECTIONS && !all.in_use ? "yes" : "no");
    filch_resource_pool_destroy(connections);
    filch_runtime_destroy(rt);
    return unlink(path) ? 1 : 0;
}
