/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A backlog of 100,000 messages: a service takes them in order, in memory that does not grow, while
 * they can be counted and peeked. The rates of its tenths are printed, not judged. */
#ifndef SERVICE_BACKLOG_H
#define SERVICE_BACKLOG_H

#include <filch/timer.h>
#include <runtime/service/service.h>
#include <tests/service/broker_bench.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum {
    BACKLOG = 100000,
    BACKLOG_BATCH = 500,
    BACKLOG_TENTHS = 10,
    BACKLOG_BUFFER = 100,
    BACKLOG_HELD = 4 * (BACKLOG_BUFFER + FL_SETTLE_BATCH), /* done ones may not be answered yet */
    BACKLOG_GROWTH = 16 << 10 /* KiB: a delivery of each message would take more */
};

static struct {
    unsigned size;
    filch_u32 done, disordered;
    unsigned next;
} backlog;

static int backlog_handle(filch_self self, filch_service_job *job, void *arg)
{
    unsigned id = (unsigned)atoi(filch_service_job_message(job)->id);
    if (id != backlog.next++) /* one after another: its width is 1 */
        filch_u32_add(&backlog.disordered, 1, FILCH_ACQ_REL);
    filch_u32_add(&backlog.done, 1, FILCH_ACQ_REL);
    return 0;
}

static void backlog_publish(const bench *b)
{
    static const char body[256];
    static char ids[BACKLOG_BATCH][16];
    static filch_message messages[BACKLOG_BATCH];
    static fl_publication items[BACKLOG_BATCH];
    for (unsigned from = 0; from < backlog.size; from += BACKLOG_BATCH) {
        for (unsigned i = 0; i < BACKLOG_BATCH; i++) {
            snprintf(ids[i], sizeof ids[i], "%u", from + i);
            messages[i] = (filch_message){.id = ids[i],
                                          .type = "t",
                                          .queue = "tasks",
                                          .attempt = 1,
                                          .first_seen = 1,
                                          .body = body,
                                          .body_size = sizeof body};
            items[i] = (fl_publication){.message = &messages[i], .status = -EAGAIN};
        }
        cr_assert_eq(b->kind->publish(b->publisher, items, BACKLOG_BATCH), FL_BROKER_OK);
        for (unsigned i = 0; i < BACKLOG_BATCH; i++)
            cr_assert_eq(items[i].status, 0);
    }
}

/* KiB that are resident. */
static long backlog_memory(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

/* The queue answers, and holds no more than is left. */
static void backlog_look(const bench *b, unsigned done)
{
    fl_broker_count count;
    fl_delivery *some[4];
    unsigned peeked = 0;
    if (b->kind->caps.counts) {
        cr_assert_eq(b->kind->count(b->admin, 0, &count), FL_BROKER_OK);
        cr_assert_leq(fl_broker_count_unfinished(&count), backlog.size - done + BACKLOG_HELD);
    }
    if (b->kind->caps.peek)
        cr_assert_eq(b->kind->peek(b->admin, 0, some, 4, &peeked), FL_BROKER_OK);
    while (peeked)
        free(some[--peeked]);
}

static void backlog_take(const bench *b)
{
    long first = 0;
    int64_t began = filch_now();
    for (unsigned tenth = 1; tenth <= BACKLOG_TENTHS; tenth++) {
        unsigned done = backlog.size / BACKLOG_TENTHS * tenth;
        WAIT_WHILE(filch_u32_load(&backlog.done, FILCH_ACQUIRE) < done);
        int64_t now = filch_now();
        printf("tenth %u: %.0f a second, %ld KiB\n", tenth,
               backlog.size / BACKLOG_TENTHS * 1e9 / (double)(now - began), backlog_memory());
        began = now;
        backlog_look(b, done);
        if (tenth == 1)
            first = backlog_memory();
    }
    if (!BUILD_ASAN && !BUILD_TSAN) /* they keep freed memory */
        cr_assert_leq(backlog_memory() - first, BACKLOG_GROWTH);
}

static void a_backlog_is_taken_in_order(const fl_broker_kind *kind, const char *url)
{
    static const filch_handler handlers[] = {{.type = "t", .fn = backlog_handle}};
    bench b = {.kind = kind, .url = url};
    serving one;
    backlog.size = stress_times(BACKLOG) / BACKLOG_BATCH * BACKLOG_BATCH;
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    backlog_publish(&b);
    b.kind->close(b.publisher);
    filch_service *service =
        service_of((filch_service_config){.broker = url, .width = 1, .buffer = BACKLOG_BUFFER},
                   handlers, 1);
    serving_begin(&one, service);
    backlog_take(&b);
    OK(filch_service_stop(service, FILCH_FOREVER));
    cr_assert_eq(serving_end(&one), 0, "%s", filch_error());
    OK(filch_service_destroy(service));
    cr_assert_eq(filch_u32_load(&backlog.done, FILCH_ACQUIRE), backlog.size);
    cr_assert_eq(filch_u32_load(&backlog.disordered, FILCH_ACQUIRE), 0);
    b.kind->close(b.admin);
}

#endif
