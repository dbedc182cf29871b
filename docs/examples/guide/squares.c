/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Squares: jobs whose results the program collects while they come, through a channel. For who asks
 * how a job returns something.
 *
 *   cc -O2 squares.c $(pkg-config --cflags --libs filch) -o squares */
#include <err.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 12, WIDTH = 5 };

typedef struct result {
    long number, square;
} result;

static filch_channel *results;

static int square(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    long number = (long)(intptr_t)data;
    result mine = {number, number * number};
    return filch_channel_send(results, &mine); /* waits until somebody takes it */
}

static int by_number(const void *a, const void *b)
{
    const result *left = a, *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

int main(void)
{
    filch_pool *pool;
    if (filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}) ||
        filch_channel_create(&results, sizeof(result), 0))
        errx(1, "%s", filch_error());

    for (long i = 1; i <= NUMBERS; i++)
        if (FILCH_SUBMIT(pool, square, (void *)(intptr_t)i)) /* itself, not its address */
            errx(1, "%s", filch_error());

    result all[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) /* in the order in which they are done: any */
        if (filch_channel_receive(results, &all[i]))
            errx(1, "%s", filch_error());
    if (filch_pool_destroy(pool))
        errx(1, "%s", filch_error());
    filch_channel_destroy(results); /* nobody sends any more */

    qsort(all, NUMBERS, sizeof *all, by_number);
    long sum = 0;
    for (int i = 0; i < NUMBERS; i++) {
        printf("%s%ld", i ? " " : "", all[i].square);
        sum += all[i].square;
    }
    printf("\nsum %ld\n", sum);
    return 0;
}
