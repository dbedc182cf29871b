/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: a task sends into a channel without room, and would itself be the one to
 * receive. For everybody who uses channels.
 *
 *   cc mistake_unbuffered.c $(pkg-config --cflags --libs filch) -o mistake_unbuffered */
#include <filch/filch.h>
#include <filch/observe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FILCH_TASK(int, send_and_receive, (filch_channel *, numbers))
{
    int number = 42;
    int rc = filch_channel_send(numbers, &number); /* returns when somebody has it: who? */
    return rc ? rc : filch_channel_receive(numbers, &number);
}

static void hear(const char *report, void *numbers)
{
    printf("%.*s\n", (int)strcspn(report, "\n"), report);
    filch_channel_close(numbers); /* the sender goes on with -EPIPE */
}

static int try_with(filch_runtime *rt, size_t capacity)
{
    filch_channel *numbers;
    if (filch_channel_create(&numbers, sizeof(int), capacity))
        return 1;
    filch_on_deadlock(hear, numbers);
    int rc = FILCH_RUN(rt, send_and_receive, numbers);
    filch_on_deadlock(NULL, NULL);
    printf("room for %zu: %s\n", capacity, rc ? "sent to nobody" : "sent and received");
    filch_channel_destroy(numbers);
    return 0;
}

int main(void)
{
    filch_runtime *rt;
    setenv("FILCH_DEADLOCK", "report", 0);
    if (filch_runtime_create(&rt, NULL) || try_with(rt, 0) || try_with(rt, 1))
        return fprintf(stderr, "mistake_unbuffered: %s\n", filch_error()), 1;
    return filch_runtime_destroy(rt);
}
