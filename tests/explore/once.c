/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Check, then act: two tasks that need the table at the same time both make it. filch_once would
 * not. */
#include <err.h>
#include <filch/filch.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic(int *) table;
static atomic_int tables;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static int *table_get(void)
{
    if (!atomic_load(&table)) {
        int *new = calloc(16, sizeof *new);
        atomic_fetch_add(&tables, 1);
        atomic_store(&table, new);
    }
    return atomic_load(&table);
}

static void use(filch_self self, void *arg)
{
    (void)self;
    *(unsigned *)arg = work(*(unsigned *)arg);
    if (!table_get())
        errx(2, "no memory");
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    unsigned rounds[] = {1000, 500000};
    filch_go(rt, use, &rounds[0]);
    filch_go(rt, use, &rounds[1]);
    int rc = filch_runtime_destroy(rt);
    free(atomic_load(&table));
    if (atomic_load(&tables) != 1)
        errx(1, "%d tables were made", atomic_load(&tables));
    return rc;
}
