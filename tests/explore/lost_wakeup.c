/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A lost wake-up: the consumer looks at the flag without the mutex. If the signal comes between
 * that look and the wait, nobody hears it. */
#include <err.h>
#include <filch/filch.h>
#include <stdatomic.h>

static filch_mutex mutex;
static filch_condition arrived;
static filch_semaphore asked;
static atomic_bool ready;
static unsigned item;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void consume(filch_self self, void *arg)
{
    (void)self, (void)arg;
    filch_semaphore_give_back(&asked, 1);
    if (!atomic_load(&ready)) {
        filch_mutex_lock(&mutex);
        filch_condition_wait(&arrived, &mutex);
        filch_mutex_unlock(&mutex);
    }
    if (item != 1)
        errx(1, "the item is %u", item);
}

static void produce(filch_self self, void *arg)
{
    (void)self, (void)arg;
    filch_semaphore_acquire(&asked, 1);
    item = work(1000000) != 0;
    atomic_store(&ready, true);
    filch_condition_signal(&arrived);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    filch_go(rt, consume, NULL);
    filch_go(rt, produce, NULL);
    return filch_runtime_destroy(rt);
}
