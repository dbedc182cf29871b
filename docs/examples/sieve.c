/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Prints the prime numbers below a limit. A chain of tasks: each one holds a prime and passes on, by a channel, the numbers that it
 * does not divide. The number at the end is the next prime, and gets a task of its own. (M. D. McIlroy, 1968; R. Pike,
 * Newsqueak, 1989.) Shows filch_go, channels, FILCH_EACH: a thousand tasks that wait for each other cost no thread.
 *
 *   cc -O2 sieve.c $(pkg-config --cflags --libs filch) -o sieve
 *   ./sieve [LIMIT] */
#include <err.h>
#include <filch/filch.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 16 };

typedef struct sieve {
    filch_channel *in, *out; /* in is this task's: it is the last that uses it */
    int prime;
} sieve;

static filch_channel *new_channel(void)
{
    filch_channel *channel;
    if (filch_channel_create(&channel, sizeof(int), ROOM))
        errx(1, "%s", filch_error());
    return channel;
}

static void start(filch_runtime *rt, filch_go_fn *fn, sieve task)
{
    sieve *copy = malloc(sizeof *copy);
    if (!copy)
        err(1, NULL);
    *copy = task;
    if (filch_go(rt, fn, copy))
        errx(1, "%s", filch_error());
}

static void count_up(filch_self self, void *arg)
{
    (void)self;
    sieve *task = arg;
    for (int i = 2; i < task->prime; i++)
        filch_channel_send(task->out, &i);
    filch_channel_close(task->out);
    free(task);
}

static void divide(filch_self self, void *arg)
{
    (void)self;
    sieve *task = arg;
    FILCH_EACH(int, i, task->in)
    {
        if (i % task->prime)
            filch_channel_send(task->out, &i);
    }
    filch_channel_destroy(task->in);
    filch_channel_close(task->out);
    free(task);
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(1, "%s", filch_error());
    filch_channel *end = new_channel();
    start(rt, count_up, (sieve){.out = end, .prime = argc > 1 ? atoi(argv[1]) : 2000});
    FILCH_EACH(int, prime, end)
    {
        printf("%d\n", prime);
        filch_channel *next = new_channel();
        start(rt, divide, (sieve){end, next, prime});
        end = next;
    }
    filch_channel_destroy(end);
    return filch_runtime_destroy(rt);
}
