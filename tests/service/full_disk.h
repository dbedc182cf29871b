/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The disk of a broker fills up: a publisher is told so, nothing confirmed is lost, and work goes
 * on when there is space again. */
#ifndef SERVICE_FULL_DISK_H
#define SERVICE_FULL_DISK_H

#include <tests/service/broker_bench.h>
#include <tests/service/explained.h>
#include <tests/service/small_disk.h>

enum { FULL_MOST = 4000, FULL_BODY = 16384, FULL_BEFORE = 10 };

typedef struct full_disk {
    const fl_broker_kind *kind;
    const char *url;
    const char *words;    /* in the explanation of a publication that fails */
    void (*revive)(void); /* starts the server again if it has ended, or needs it; NULL: never */
} full_disk;

static struct {
    unsigned count;
    bool confirmed[FULL_MOST], seen[FULL_MOST];
} full;

static inline fl_broker *full_open(const full_disk *of, fl_broker_role role)
{
    fl_broker *broker = NULL;
    cr_assert_eq(try_to_open_as(of->kind, of->url, role, &broker), FL_BROKER_OK, "%s", explained);
    return broker;
}

/* true: it is confirmed. */
static inline bool full_publish(const full_disk *of, fl_broker *publisher)
{
    static const char body[FULL_BODY];
    char id[16];
    cr_assert_lt(full.count, FULL_MOST, "the disk does not fill up");
    snprintf(id, sizeof id, "%u", full.count);
    const filch_message message = {.id = id,
                                   .type = "t",
                                   .queue = "tasks",
                                   .attempt = 1,
                                   .first_seen = 1,
                                   .body = body,
                                   .body_size = sizeof body};
    fl_publication item = {.message = &message, .status = -EAGAIN};
    fl_broker_rc rc = of->kind->publish(publisher, &item, 1);
    bool confirmed = !rc && !item.status;
    cr_assert(confirmed || item.status == -EAGAIN || item.status == -ENOSPC, "%d", item.status);
    full.confirmed[full.count++] = confirmed;
    return confirmed;
}

/* Receives and answers all there is; marks their numbers. */
static inline void full_drain(const full_disk *of)
{
    fl_broker *consumer = full_open(of, FL_BROKER_CONSUMES);
    const bench b = {.kind = of->kind, .consumer = consumer};
    for (unsigned left = full.count; left;) {
        fl_delivery *one = bench_receive((bench *)(uintptr_t)&b);
        if (!one)
            break;
        unsigned id = (unsigned)atoi(one->message.id);
        cr_assert(id < full.count && !full.seen[id], "%u comes twice", id);
        full.seen[id] = true;
        left--;
        bench_ack((bench *)(uintptr_t)&b, one);
    }
    of->kind->close(consumer);
}

static inline void a_full_disk_loses_nothing(const full_disk *of)
{
    fl_broker *publisher = full_open(of, FL_BROKER_PUBLISHES);
    while (full.count < FULL_BEFORE)
        cr_assert(full_publish(of, publisher), "%s", explained);
    disk_fill();
    while (full_publish(of, publisher)) /* into space that it has already */
        ;
    cr_assert(strstr(explained, of->words), "%s", explained);
    of->kind->close(publisher);
    disk_clear();
    if (of->revive)
        of->revive();
    publisher = full_open(of, FL_BROKER_PUBLISHES);
    cr_assert(full_publish(of, publisher), "%s", explained);
    of->kind->close(publisher);
    full_drain(of);
    for (unsigned i = 0; i < full.count; i++)
        cr_assert(full.seen[i] || !full.confirmed[i], "%u of %u is lost", i, full.count);
}

#endif
