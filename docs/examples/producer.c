/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One producer, some consumers, a channel with room for 16 items between them. The producer is a thread of its own, the
 * consumers are tasks: a full channel blocks the one, an empty one suspends the others. Each consumer proves that it got
 * items in their order; together they prove that none was lost.
 *
 *   cc -O2 producer.c $(pkg-config --cflags --libs filch) -lpthread -o producer
 *   ./producer [ITEMS] */
#include <err.h>
#include <filch/filch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONSUMERS = 4, ROOM = 16 };

static long items = 200000;

static void *produce(void *channel)
{
    for (long i = 1; i <= items; i++)
        filch_channel_send(channel, &i);
    filch_channel_close(channel);
    return NULL;
}

typedef struct consumer {
    filch_channel *channel;
    long sum, disorders;
} consumer;

static int consume(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    consumer *mine = arg;
    long last = 0;
    FILCH_EACH(long, item, mine->channel)
    {
        mine->sum += item;
        mine->disorders += item < last;
        last = item;
    }
    return 0;
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    filch_channel *channel;
    filch_scope scope;
    pthread_t producer;
    consumer consumers[CONSUMERS] = {{0}};
    if (argc > 1)
        items = atol(argv[1]);
    if (filch_runtime_create(&rt, NULL) || filch_channel_create(&channel, sizeof(long), ROOM) ||
        filch_scope_begin(&scope, rt, NULL))
        errx(1, "%s", filch_error());
    for (int i = 0; i < CONSUMERS; i++) {
        consumers[i].channel = channel;
        if (FILCH_SPAWN(&scope, consume, &consumers[i]))
            errx(1, "%s", filch_error());
    }
    if (pthread_create(&producer, NULL, produce, channel))
        errx(1, "no thread");
    long sum = 0, disorders = 0;
    filch_scope_end(&scope);
    for (int i = 0; i < CONSUMERS; i++) {
        sum += consumers[i].sum;
        disorders += consumers[i].disorders;
    }
    pthread_join(producer, NULL);
    filch_channel_destroy(channel);
    printf("%ld items, sum %ld, %ld out of order\n", items, sum, disorders);
    return filch_runtime_destroy(rt);
}
