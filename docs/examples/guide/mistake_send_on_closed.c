/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: the receiver closes the channel, while others still send. In Filch that is an
 * error that the senders are told, and not the end of the program. For everybody who uses channels.
 *
 *   cc mistake_send_on_closed.c $(pkg-config --cflags --libs filch) -o mistake_send_on_closed */
#include <errno.h>
#include <filch/filch.h>
#include <stdio.h>

enum { SENDERS = 4, WANTED = 10 };

static int told; /* senders that met a closed channel */
static filch_mutex mutex;

static int count_up(filch_self self, filch_scope *scope, void *numbers)
{
    (void)self, (void)scope;
    int rc = 0;
    for (int i = 0; !rc; i++)
        rc = filch_channel_send(numbers, &i);
    filch_mutex_lock(&mutex);
    told += rc == -EPIPE; /* the number has not moved: it is still ours */
    filch_mutex_unlock(&mutex);
    return rc == -EPIPE ? 0 : rc;
}

int main(void)
{
    filch_runtime *rt;
    filch_channel *numbers;
    filch_scope scope;
    if (filch_runtime_create(&rt, NULL) || filch_channel_create(&numbers, sizeof(int), 0) ||
        filch_scope_begin(&scope, rt, NULL))
        return fprintf(stderr, "mistake_send_on_closed: %s\n", filch_error()), 1;
    int rc = 0;
    for (int i = 0; i < SENDERS && !rc; i++)
        rc = FILCH_SPAWN(&scope, count_up, numbers);
    for (int i = 0, number; i < WANTED && !rc; i++)
        rc = filch_channel_receive(numbers, &number);
    printf("the first close: %d\n", filch_channel_close(numbers));
    printf("the second one: %s\n", filch_channel_close(numbers) == -EPIPE ? "-EPIPE" : "?");
    int ended = filch_scope_end(&scope);
    printf("%d of %d senders were told -EPIPE\n", told, SENDERS);
    filch_channel_destroy(numbers);
    filch_runtime_destroy(rt);
    return rc || ended ? 1 : 0;
}
