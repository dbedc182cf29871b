/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An order violation: the task is started before the value that it needs is there. Usually it
 * takes longer to start than the next line. */
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
    *(unsigned *)arg = work(50000);
    const char *name = atomic_load(&path);
    if (!name)
        errx(1, "the log has no path");
    if (strlen(name) == 0)
        errx(1, "the path is empty");
}

static void start(filch_self self, void *arg)
{
    static unsigned key;
    (void)self, (void)arg;
    filch_go(NULL, open_log, &key);
    atomic_store(&path, "/var/log/bank");
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    filch_go(rt, start, NULL);
    return filch_runtime_destroy(rt);
}
