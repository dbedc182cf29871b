/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Finds the number below a limit with the longest Collatz sequence. Ranges are fanned out to some tasks by one channel, what
 * they find comes in by another, in any order. Shows channels with many receivers and many senders, a wait group, and
 * who closes what.
 *
 *   cc -O2 fan.c $(pkg-config --cflags --libs filch) -o fan
 *   ./fan [LIMIT] */
#include <err.h>
#include <filch/filch.h>
#include <stdio.h>
#include <stdlib.h>

enum { TASKS = 8, RANGE = 1000 };

typedef struct finding {
    unsigned long number, steps;
} finding;

typedef struct fan {
    filch_channel *ranges, *findings;
    filch_waitgroup busy;
    unsigned long limit;
} fan;

static finding longest_of(unsigned long begin, unsigned long end)
{
    finding best = {0, 0};
    for (unsigned long n = begin; n < end; n++) {
        unsigned long steps = 0;
        for (unsigned long x = n; x > 1; steps++)
            x = x % 2 ? 3 * x + 1 : x / 2;
        if (steps > best.steps)
            best = (finding){n, steps};
    }
    return best;
}

static void search(filch_self self, void *arg)
{
    (void)self;
    fan *f = arg;
    FILCH_EACH(unsigned long, begin, f->ranges)
    {
        unsigned long end = begin + RANGE < f->limit ? begin + RANGE : f->limit;
        finding best = longest_of(begin, end);
        filch_channel_send(f->findings, &best);
    }
    filch_waitgroup_done(&f->busy);
}

/* A channel is closed by who knows that nothing more comes: the one sender, or who has waited for all of them. */
static void supply(filch_self self, void *arg)
{
    (void)self;
    fan *f = arg;
    for (unsigned long begin = 1; begin < f->limit; begin += RANGE)
        filch_channel_send(f->ranges, &begin);
    filch_channel_close(f->ranges);
    filch_waitgroup_wait(&f->busy);
    filch_channel_close(f->findings);
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    finding best = {0, 0};
    fan f = {.limit = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000};
    if (filch_runtime_create(&rt, NULL) || filch_channel_create(&f.ranges, sizeof(long), TASKS) ||
        filch_channel_create(&f.findings, sizeof(finding), TASKS))
        errx(1, "%s", filch_error());
    filch_waitgroup_add(&f.busy, TASKS);
    for (int i = 0; i <= TASKS; i++)
        if (filch_go(rt, i < TASKS ? search : supply, &f))
            errx(1, "%s", filch_error());
    FILCH_EACH(finding, one, f.findings)
    {
        if (one.steps > best.steps || (one.steps == best.steps && one.number < best.number))
            best = one;
    }
    filch_runtime_destroy(rt); /* waits for the tasks, which use the channels to the end */
    filch_channel_destroy(f.ranges);
    filch_channel_destroy(f.findings);
    printf("below %lu: %lu takes %lu steps\n", f.limit, best.number, best.steps);
}
