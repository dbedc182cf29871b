/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A store of dead letters in an SQLite file (3.35 or later), one statement for each function. The
 * calls block, so they are made on threads of their own. Included by dead_letters_sqlite.c. */
#ifndef DEAD_LETTERS_SQLITE_H
#define DEAD_LETTERS_SQLITE_H

#include <err.h>
#include <errno.h>
#include <filch/dead_letters.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct file {
    sqlite3 *db;
    filch_mutex mutex; /* one statement at a time; a waiting task holds no thread */
} file;

/* A statement, and what is to be done with its row. */
typedef struct query {
    const char *sql;
    uint64_t number;
    const filch_dead_letter *put; /* its parameters, or NULL: the number is the only one */
    filch_dead_letter **out;      /* the row is a letter; or NULL */
    int64_t *numbers;             /* the row is these; NULL: of no interest */
    sqlite3 *db;
    int rc; /* a negative errno, or how many rows there were: 0 or 1 */
} query;

static void write_letter(sqlite3_stmt *to, const filch_dead_letter *from)
{
    sqlite3_bind_text(to, 1, from->name, -1, SQLITE_STATIC);
    sqlite3_bind_int(to, 2, from->failure.code);
    sqlite3_bind_text(to, 3, from->failure.message, -1, SQLITE_STATIC);
    sqlite3_bind_int64(to, 4, from->attempts);
    sqlite3_bind_int64(to, 5, from->first);
    sqlite3_bind_int64(to, 6, from->last);
    sqlite3_bind_int64(to, 7, from->expires);
    sqlite3_bind_blob(to, 8, from->data, (int)from->size, SQLITE_STATIC);
}

static int read_letter(filch_dead_letter **out, sqlite3_stmt *row)
{
    filch_dead_letter one = {.id = (uint64_t)sqlite3_column_int64(row, 0),
                             .name = (const char *)sqlite3_column_text(row, 1),
                             .failure.code = sqlite3_column_int(row, 2),
                             .attempts = (unsigned)sqlite3_column_int(row, 4),
                             .first = sqlite3_column_int64(row, 5),
                             .last = sqlite3_column_int64(row, 6),
                             .expires = sqlite3_column_int64(row, 7),
                             .data = (void *)(uintptr_t)sqlite3_column_blob(row, 8),
                             .size = (size_t)sqlite3_column_bytes(row, 8)};
    snprintf(one.failure.message, sizeof one.failure.message, "%s", sqlite3_column_text(row, 3));
    return filch_dead_letter_create(out, &one); /* a copy: the row goes */
}

static void ask(void *arg)
{
    query *all = arg;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(all->db, all->sql, -1, &statement, NULL), rows = 0;
    if (!code && all->put)
        write_letter(statement, all->put);
    else if (!code)
        sqlite3_bind_int64(statement, 1, (int64_t)all->number);
    code = code ? code : sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        rows = 1;
        for (int i = 0; all->numbers && i < sqlite3_column_count(statement); i++)
            all->numbers[i] = sqlite3_column_int64(statement, i);
        all->rc = all->out ? read_letter(all->out, statement) : 0;
        code = all->out ? SQLITE_DONE : sqlite3_step(statement); /* the change is complete */
    }
    if (!all->rc)
        all->rc = code == SQLITE_DONE ? rows : code == SQLITE_FULL ? -ENOSPC : -EIO;
    sqlite3_finalize(statement);
}

static int run(file *in, query all)
{
    all.db = in->db;
    filch_mutex_lock(&in->mutex);
    int rc = filch_blocking(ask, &all); /* stops a thread, but no worker */
    filch_mutex_unlock(&in->mutex);
    return rc ? rc : all.rc;
}

/* 0, or why there is no row of this id. */
static int found(file *in, uint64_t id, int rows)
{
    if (rows)
        return rows < 0 ? rows : 0;
    rows = run(in, (query){.sql = "SELECT 1 FROM letter WHERE id = ?1", .number = id});
    return rows < 0 ? rows : rows ? -EBUSY : -ENOENT;
}

static int put(void *in, filch_dead_letter *letter)
{
    static const char sql[] = "INSERT INTO letter (name, code, message, attempts, first, last,"
                              " expires, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
    int64_t id;
    if (letter->data && !letter->size)
        return -ENOTSUP; /* a pointer means nothing to the next process */
    int rows = run(in, (query){.sql = sql, .put = letter, .numbers = &id});
    if (rows == 1)
        letter->id = (uint64_t)id;
    return rows < 0 ? rows : 0;
}

static int next(void *in, uint64_t after, filch_dead_letter **out)
{
    static const char sql[] =
        "SELECT * FROM letter WHERE id > ?1 AND NOT taken ORDER BY id LIMIT 1";
    int rows = run(in, (query){.sql = sql, .number = after, .out = out});
    return rows < 0 ? rows : rows ? 0 : -ENOENT;
}

static int take(void *in, uint64_t id, filch_dead_letter **out)
{
    static const char look[] = "SELECT * FROM letter WHERE id = ?1 AND NOT taken";
    static const char mark[] =
        "UPDATE letter SET taken = 1 WHERE id = ?1 AND NOT taken RETURNING 1";
    filch_dead_letter *one;
    int rc = found(in, id, run(in, (query){.sql = look, .number = id, .out = &one}));
    if (rc)
        return rc;
    rc = found(in, id, run(in, (query){.sql = mark, .number = id})); /* others may be faster */
    if (rc)
        filch_dead_letter_release(one);
    else
        *out = one;
    return rc;
}

static int settle(void *in, uint64_t id, bool gone)
{
    static const char *const sql[] = {"UPDATE letter SET taken = 0 WHERE id = ?1 AND taken",
                                      "DELETE FROM letter WHERE id = ?1 AND taken"};
    int rows = run(in, (query){.sql = sql[gone], .number = id});
    return rows < 0 ? rows : 0;
}

static int remove_one(void *in, uint64_t id, filch_dead_letter **out)
{
    static const char sql[] = "DELETE FROM letter WHERE id = ?1 AND NOT taken RETURNING 1";
    (void)out; /* nobody needs it */
    return found(in, id, run(in, (query){.sql = sql, .number = id}));
}

static int trim(void *in, uint64_t most, filch_dead_letter **out)
{
    static const char sql[] =
        "DELETE FROM letter WHERE ?1 < (SELECT count(*) FROM letter WHERE NOT taken)"
        " AND id = (SELECT min(id) FROM letter WHERE NOT taken) RETURNING 1";
    (void)out;
    return run(in, (query){.sql = sql, .number = most});
}

static int count(void *in, filch_dead_letter_count *out)
{
    static const char sql[] = "SELECT sum(NOT taken), sum(taken), (SELECT seq FROM sqlite_sequence"
                              " WHERE name = 'letter') FROM letter";
    int64_t all[3];
    int rows = run(in, (query){.sql = sql, .numbers = all});
    if (rows == 1)
        *out = (filch_dead_letter_count){(uint64_t)all[0], (uint64_t)all[1], (uint64_t)all[2]};
    return rows < 0 ? rows : 0;
}

static void close_file(void *arg)
{
    file *in = arg;
    sqlite3_close(in->db);
    free(in);
}

static const filch_dead_letter_store in_file = {.put = put,
                                                .next = next,
                                                .take = take,
                                                .settle = settle,
                                                .remove = remove_one,
                                                .trim = trim,
                                                .count = count,
                                                .close = close_file};

/* Letters that the last process was requeueing when it ended are there again. */
static filch_dead_letter_queue *open_letters(const char *path)
{
    static const char schema[] =
        "CREATE TABLE IF NOT EXISTS letter (id INTEGER PRIMARY KEY AUTOINCREMENT, name, code,"
        " message, attempts, first, last, expires, data, taken DEFAULT 0);"
        "UPDATE letter SET taken = 0";
    filch_dead_letter_queue *letters;
    file *in = calloc(1, sizeof *in);
    if (!in || sqlite3_open(path, &in->db) || sqlite3_exec(in->db, schema, NULL, NULL, NULL))
        errx(1, "%s: %s", path, in ? sqlite3_errmsg(in->db) : "no memory");
    filch_dead_letter_queue_config config = {.max = 1000, .store = &in_file, .store_arg = in};
    if (filch_dead_letter_queue_create(&letters, &config))
        errx(1, "%s", filch_error());
    return letters;
}

#endif
