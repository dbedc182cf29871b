/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Extract, transform, load: the lines of a file of sales are read one by one, checked and converted
 * several at a time, and put into an SQLite database a hundred in a transaction. Bad lines are
 * counted, and hold up nobody. For service authors.
 *
 *   cc -O2 etl.c $(pkg-config --cflags --libs filch sqlite3) -o etl */
#include <errno.h>
#include <filch/filch.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SALES = 3000, WIDTH = 4, ROOM = 64, BATCH = 100 };

typedef struct etl {
    sqlite3 *db;
    sqlite3_stmt *insert;
    filch_pool *transforming;
    filch_batcher *loading;
    filch_u32 rows[200]; /* by their outcome, an errno */
} etl;

typedef struct row {
    etl *all;
    long id, cents;
    char text[60], city[20];
} row;

static int insert_row(etl *e, const row *one)
{
    sqlite3_bind_int64(e->insert, 1, one->id);
    sqlite3_bind_text(e->insert, 2, one->city, -1, SQLITE_STATIC);
    sqlite3_bind_int64(e->insert, 3, one->cents);
    int rc = sqlite3_step(e->insert);
    sqlite3_reset(e->insert);
    return rc == SQLITE_DONE ? 0 : rc == SQLITE_CONSTRAINT ? -EEXIST : -EIO;
}

/* Load: a hundred rows, one transaction. One call at a time, where it may block. */
static void load(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
    (void)self;
    etl *e = arg;
    int rc = filch_blocking_begin();
    if (!rc) {
        rc = sqlite3_exec(e->db, "BEGIN", NULL, NULL, NULL) ? -EIO : 0;
        for (size_t i = 0; i < count && !rc; i++)
            outcomes[i] = insert_row(e, items[i]);
        rc = rc || sqlite3_exec(e->db, "COMMIT", NULL, NULL, NULL) ? -EIO : 0;
        if (rc)
            sqlite3_exec(e->db, "ROLLBACK", NULL, NULL, NULL);
        filch_blocking_end();
    }
    for (size_t i = 0; i < count && rc; i++)
        outcomes[i] = rc; /* all or none */
}

/* The row's last station, wherever it fails: counted, and freed. */
static void settle(void *item, int outcome, void *arg)
{
    etl *e = arg;
    filch_u32_add(&e->rows[-outcome], 1, FILCH_RELAXED);
    free(item);
}

static unsigned rows(const etl *e, int code)
{
    return filch_u32_load(&e->rows[code], FILCH_RELAXED);
}

/* Transform: several rows at a time. */
static int transform(filch_self self, filch_job *job, void *arg)
{
    (void)self, (void)job;
    row *one = arg;
    double amount = 0;
    int rc = 0;
    if (sscanf(one->text, "%ld;%19[^;];%lf EUR", &one->id, one->city, &amount) != 3)
        rc = -EBADMSG;
    else if (amount < 0)
        rc = -ERANGE;
    one->cents = (long)(amount * 100 + 0.5);
    rc = rc ? rc : filch_batcher_add_then(one->all->loading, one, settle, one->all, FILCH_FOREVER);
    if (rc)
        settle(one, rc, one->all);
    return 0;
}

/* Extract: one line after the other; waits while the stages behind have no room. */
static int extract(etl *e, FILE *in)
{
    int rc = 0;
    row one = {.all = e};
    while (!rc && fgets(one.text, sizeof one.text, in)) {
        row *copy = malloc(sizeof *copy);
        if (!copy)
            return -ENOMEM;
        *copy = one;
        rc = FILCH_SUBMIT(e->transforming, transform, copy);
        if (rc)
            settle(copy, rc, e);
    }
    return rc;
}

/* One of 100 has no amount, one of 150 a negative one, one of 75 stands there twice. */
static void write_sales(FILE *out)
{
    static const char *const cities[] = {"Bergen", "Cork", "Porto"};
    for (int i = 1; i <= SALES; i++) {
        int id = i % 75 == 1 && i > 1 ? i - 1 : i;
        fprintf(out, id % 100 == 0 ? "%d;%s;??\n" : "%d;%s;%s%d.%02d EUR\n", id, cities[id % 3],
                id % 150 == 20 ? "-" : "", id % 90, id % 100);
    }
    rewind(out);
}

static int run(etl *e, FILE *in)
{
    filch_runtime *rt;
    filch_batcher_config batches = {.size = BATCH, .flush = load, .arg = e, .age = FILCH_SECOND};
    filch_pool_config pool = {.width = WIDTH, .capacity = ROOM};
    int rc = filch_runtime_create(&rt, NULL);
    pool.runtime = rc ? NULL : rt;
    rc = rc ? rc : filch_batcher_create(&e->loading, rt, &batches);
    rc = rc ? rc : filch_pool_create(&e->transforming, &pool);
    rc = rc ? rc : extract(e, in);
    if (rc)
        return rc;
    filch_pool_destroy(e->transforming); /* first who adds, */
    filch_batcher_destroy(e->loading);   /* then to what is added */
    return filch_runtime_destroy(rt);
}

int main(void)
{
    static etl e;
    sqlite3_stmt *query = NULL;
    char path[] = "sales-XXXXXX";
    FILE *sales = tmpfile();
    int file = mkstemp(path);
    if (!sales || file < 0 || close(file) || sqlite3_open(path, &e.db) ||
        sqlite3_exec(e.db, "CREATE TABLE sales (id INTEGER PRIMARY KEY, city TEXT, cents INTEGER)",
                     NULL, NULL, NULL) ||
        sqlite3_prepare_v2(e.db, "INSERT INTO sales VALUES (?, ?, ?)", -1, &e.insert, NULL))
        return fprintf(stderr, "etl: no database\n"), 1;
    write_sales(sales);
    int rc = run(&e, sales);
    if (rc)
        fprintf(stderr, "etl: %s\n", filch_error());
    sqlite3_finalize(e.insert);
    sqlite3_prepare_v2(e.db, "SELECT city, count(*), sum(cents) FROM sales GROUP BY 1 ORDER BY 1",
                       -1, &query, NULL);
    while (sqlite3_step(query) == SQLITE_ROW)
        printf("%-6s %d sales, %.2f EUR\n", sqlite3_column_text(query, 0),
               sqlite3_column_int(query, 1), (double)sqlite3_column_int64(query, 2) / 100);
    printf("%u loaded, %u not readable, %u negative, %u there before\n", rows(&e, 0),
           rows(&e, EBADMSG), rows(&e, ERANGE), rows(&e, EEXIST));
    sqlite3_finalize(query);
    sqlite3_close(e.db);
    fclose(sales);
    return remove(path) || rc ? 1 : 0;
}
