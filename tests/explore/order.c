/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An order violation: one task uses a value that another one stores. The former is started later
 * and takes long before it does, so the value is usually there. */
#include <err.h>
#include <filch/filch.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic(const char *) path;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void open_log(filch_self self, void *arg)
{
    (void)self;
    *(unsigned *)arg = work(500000);
    const char *name = atomic_load(&path);
    if (!name)
        errx(1, "the log has no path");
    if (strlen(name) == 0)
        errx(1, "the path is empty");
}

static void configure(filch_self self, void *arg)
{
    (void)self;
    atomic_store(&path, (const char *)arg);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    unsigned key;
    char name[] = "/var/log/bank";
    filch_go(rt, configure, name);
    filch_go(rt, open_log, &key);
    return filch_runtime_destroy(rt);
}
