/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker's only ready item is left to it for a while (`stays` in runtime/engine/steal.c), and no
 * longer. The worker that made it ready computes until the item has begun, so only a thief can
 * begin it. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { ROUNDS = 20 };
static const unsigned workers[] = {2, 8, 64};
enum { RUNTIMES = sizeof workers / sizeof workers[0] };

static filch_channel *channel;
static signpost begun;

static void run_on_each(filch_go_fn *first, filch_go_fn *second)
{
    for (unsigned i = 0; i < RUNTIMES; i++) {
        filch_runtime *rt;
        OK(filch_runtime_create(&rt, &(filch_config){.workers = workers[i]}));
        OK(filch_channel_create(&channel, sizeof(int), ROUNDS));
        filch_u32_store(&begun, 0, FILCH_RELEASE);
        if (second)
            OK(filch_go(rt, second, NULL));
        OK(filch_go(rt, first, NULL));
        OK(filch_runtime_destroy(rt));
        filch_channel_destroy(channel);
        cr_assert_eq(signpost_count(&begun), ROUNDS, "%u workers", workers[i]);
    }
}

static void send(filch_self self, void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        OK(filch_channel_send(channel, &i));
        signpost_wait(&begun, (unsigned)i + 1);
    }
    filch_channel_close(channel);
}

static void receive(filch_self self, void *unused)
{
    FILCH_EACH(int, i, channel) signpost_raise(&begun);
}

Test(only_item, fiber_is_stolen_from_busy_worker)
{
    run_on_each(send, receive);
}

static void begin(filch_self self, void *unused)
{
    signpost_raise(&begun);
}

static void start(filch_self self, void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        OK(filch_go(NULL, begin, NULL));
        signpost_wait(&begun, i + 1);
    }
}

Test(only_item, so_is_a_job)
{
    run_on_each(start, NULL);
}
