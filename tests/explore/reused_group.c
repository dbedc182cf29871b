/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A wait group is reused too early: the reporter may still have to wait for the first phase,
 * and then waits for the second one, too. That one waits for the report. */
#include <err.h>
#include <filch/filch.h>

static filch_waitgroup phase;
static filch_semaphore reported;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void load(filch_self self, void *arg)
{
    (void)self;
    *(unsigned *)arg = work(200000);
    filch_waitgroup_done(&phase);
}

static void report(filch_self self, void *arg)
{
    (void)self, (void)arg;
    filch_waitgroup_wait(&phase);
    filch_semaphore_give_back(&reported, 1);
}

static void save(filch_self self, void *arg)
{
    (void)self, (void)arg;
    filch_semaphore_acquire(&reported, 1);
    filch_waitgroup_done(&phase);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    static unsigned loaded;
    filch_waitgroup_add(&phase, 1);
    filch_go(rt, report, NULL);
    filch_go(rt, load, &loaded);
    filch_waitgroup_wait(&phase);
    filch_waitgroup_add(&phase, 1);
    filch_go(rt, save, NULL);
    filch_waitgroup_wait(&phase);
    return filch_runtime_destroy(rt);
}
