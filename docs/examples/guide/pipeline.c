/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pipeline by hand: lines -> readings -> corrected readings -> a sum. Each stage is a pool of its
 * own width, and hands on what it has made to the next; the last channel leads to main. The first
 * bad line stops all stages. For service authors.
 *
 *   cc -O2 pipeline.c $(pkg-config --cflags --libs filch) -o pipeline */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 1000, ROOM = 16 };

typedef struct pipeline {
    int bad; /* the line that is no number; 0: all are */
    filch_context *stop;
    filch_pool *parsing, *correcting;
    filch_channel *readings; /* of long, tenths of a degree */
    filch_waitgroup supply;  /* until its task has ended */
    char why[80];            /* of who has stopped it */
} pipeline;

typedef struct item {
    pipeline *line;
    int number;
    char text[16]; /* from the source */
    long tenths;   /* from the parser */
} item;

/* The first to stop it says why; the others are told that somebody was before them. */
static int stop(pipeline *p, int code, const item *at, const char *what)
{
    if (filch_context_cancel(p->stop, code) == 0)
        snprintf(p->why, sizeof p->why, "line %d: \"%s\" %s", at->number, at->text, what);
    return code;
}

/* Hands a copy to a stage, and waits while that has no room; a refused item is the caller's. */
static int hand_on(pipeline *p, filch_pool *stage, filch_job_fn *fn, item one)
{
    item *copy = malloc(sizeof *copy);
    if (!copy)
        return -ENOMEM;
    *copy = one;
    filch_job_options options = {.context = p->stop, .drop = free};
    int rc = filch_pool_submit(NULL, stage, fn, copy, &options, FILCH_FOREVER);
    if (rc)
        free(copy);
    return rc;
}

static int correct(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    item *one = data;
    long corrected = one->tenths - 5; /* this thermometer shows half a degree too much */
    return filch_channel_send(one->line->readings, &corrected);
}

static int parse(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    item *one = data;
    char *end;
    double degrees = strtod(one->text, &end);
    if (*end)
        return stop(one->line, -EBADMSG, one, "is no number");
    one->tenths = (long)(degrees * 10 + 0.5);
    return hand_on(one->line, one->line->correcting, correct, *one);
}

/* The source; then the end, which goes through the stages from the first to the last. */
static void supply(filch_self self, void *arg)
{
    (void)self;
    pipeline *p = arg;
    int rc = 0;
    for (int i = 1; i <= LINES && !rc; i++) {
        item one = {.line = p, .number = i};
        snprintf(one.text, sizeof one.text, i == p->bad ? "2l.%d" : "21.%d", i % 10);
        rc = hand_on(p, p->parsing, parse, one);
    }
    filch_pool_destroy(p->parsing);    /* waits: from now on nobody hands anything to */
    filch_pool_destroy(p->correcting); /* this one, and then nobody sends any more */
    filch_channel_close(p->readings);
    filch_waitgroup_done(&p->supply);
}

static int run(filch_runtime *rt, int bad)
{
    pipeline p = {.bad = bad};
    filch_pool_config first = {.name = "parse", .runtime = rt, .width = 2, .capacity = ROOM};
    filch_pool_config second = {.name = "correct", .runtime = rt, .width = 4, .capacity = ROOM};
    int rc = filch_context_create(&p.stop, NULL);
    rc = rc ? rc : filch_channel_create(&p.readings, sizeof(long), ROOM);
    rc = rc ? rc : filch_pool_create(&p.parsing, &first);
    rc = rc ? rc : filch_pool_create(&p.correcting, &second);
    filch_waitgroup_add(&p.supply, 1);
    rc = rc ? rc : filch_go(rt, supply, &p);
    if (rc)
        return rc;

    long sum = 0, count = 0;
    FILCH_EACH(long, tenths, p.readings) /* also after a stop: senders must not wait forever */
    {
        sum += tenths;
        count++;
    }
    filch_waitgroup_wait(&p.supply); /* it uses the channel until it has closed it */
    if (filch_context_cause(p.stop))
        printf("stopped: %s\n", p.why);
    else
        printf("%ld readings, %.2f on average\n", count, (double)sum / (double)count / 10);
    filch_channel_destroy(p.readings);
    filch_context_release(p.stop);
    return 0;
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || run(rt, 0) || run(rt, 503))
        return fprintf(stderr, "pipeline: %s\n", filch_error()), 1;
    return filch_runtime_destroy(rt) ? 1 : 0;
}
