/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: nobody closes the channel, and its receivers wait forever. The deadlock detector
 * says so, and here its callback also repairs it. For everybody who uses channels.
 *
 *   cc mistake_never_closed.c $(pkg-config --cflags --libs filch) -o mistake_never_closed */
#include <filch/filch.h>
#include <filch/observe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIVERS = 3, NUMBERS = 100 };

typedef struct inquiry {
    filch_channel *numbers;
    filch_mutex mutex;
    int sum;
} inquiry;

static int add_up(filch_self self, filch_scope *scope, void *arg)
{
    (void)self, (void)scope;
    inquiry *all = arg;
    FILCH_EACH(int, number, all->numbers) /* until it is closed and empty */
    {
        filch_mutex_lock(&all->mutex);
        all->sum += number;
        filch_mutex_unlock(&all->mutex);
    }
    return 0;
}

/* The first line says what has happened; the others name each task, where it was started, and the
 * call in which it waits. */
static void hear(const char *report, void *numbers)
{
    printf("%.*s\n", (int)strcspn(report, "\n"), report);
    filch_channel_close(numbers);
}

int main(void)
{
    filch_runtime *rt;
    filch_scope scope;
    inquiry all = {0};
    setenv("FILCH_DEADLOCK", "report", 0); /* `die` would end the program after the report */
    if (filch_runtime_create(&rt, NULL) || filch_channel_create(&all.numbers, sizeof(int), 8) ||
        filch_scope_begin(&scope, rt, NULL))
        return fprintf(stderr, "mistake_never_closed: %s\n", filch_error()), 1;
    filch_on_deadlock(hear, all.numbers);
    int rc = 0;
    for (int i = 0; i < RECEIVERS && !rc; i++)
        rc = FILCH_SPAWN(&scope, add_up, &all);
    for (int i = 1; i <= NUMBERS && !rc; i++)
        rc = filch_channel_send(all.numbers, &i);
    /* Here filch_channel_close(all.numbers) is missing. */
    int ended = filch_scope_end(&scope);
    printf("sum %d\n", all.sum);
    filch_channel_destroy(all.numbers);
    filch_runtime_destroy(rt);
    return rc || ended ? 1 : 0;
}
