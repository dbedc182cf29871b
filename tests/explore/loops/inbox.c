/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A task polls a flag, then a channel, with calls that do not wait. BROKEN: the flag comes before the value. */
#include "loops.h"

static atomic_int ready;
static atomic_long stored;
static filch_channel *done;

static void produce(void)
{
    if (BROKEN)
        atomic_store(&ready, 1);
    atomic_store(&stored, 7);
    atomic_store(&ready, 1);
    filch_channel_send(done, &(int){1});
}

static void look(void)
{
    int value = 0;
    while (!atomic_load(&ready))
        filch_explore_point();
    if (atomic_load(&stored) != 7)
        errx(1, "the flag came before the value");
    while (filch_channel_try_receive(done, &value))
        filch_explore_point();
}

static void use(filch_self self, void *arg)
{
    (void)self;
    (arg ? look : produce)();
}

int main(void)
{
    if (filch_channel_create(&done, sizeof(int), 1))
        errx(2, "%s", filch_error());
    int rc = run_tasks(use, 2);
    filch_channel_destroy(done);
    return rc;
}
