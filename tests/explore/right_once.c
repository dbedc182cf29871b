/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No bug: a table that filch_once makes, atomic counters, and a plain one under a reader-writer
 * lock. */
#include <err.h>
#include <filch/filch.h>
#include <stdatomic.h>

enum { TASKS = 3 };
static filch_once_flag flag;
static filch_rwlock lock;
static atomic_int reads;
static int table[4], writes;

static void make(void *arg)
{
    (void)arg;
    for (int i = 0; i < 4; i++)
        table[i] = i * i;
}

static void use(filch_self self, void *arg)
{
    (void)self, (void)arg;
    filch_once(&flag, make, NULL);
    filch_rwlock_read_lock(&lock);
    int seen = writes;
    filch_rwlock_read_unlock(&lock);
    if (table[3] != 9 || seen > TASKS)
        errx(1, "the table is not ready");
    atomic_fetch_add(&reads, 1);
    filch_rwlock_write_lock(&lock);
    writes++;
    filch_rwlock_write_unlock(&lock);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    for (int i = 0; i < TASKS; i++)
        filch_go(rt, use, NULL);
    int rc = filch_runtime_destroy(rt);
    return rc || writes != TASKS || atomic_load(&reads) != TASKS;
}
