/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The batcher's tasks: flushing, telling, and looking for batches that are old enough. */
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/patterns/batcher.h>
#include <runtime/patterns/batcher_task.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/later.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/alarm.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <string.h>

/* ---- With the lock ---- */

bool fl_batcher_settled(const filch_batcher *batcher)
{
    return batcher->closed && !batcher->collecting->count && !batcher->flying && !batcher->inside &&
           !fl_alarm_rings(&batcher->alarm);
}

static int64_t due_at(const filch_batcher *batcher)
{
    const fl_batch *batch = batcher->collecting;
    int64_t age = batcher->config.age;
    bool waits = age && batch->count && !batch->due;
    return waits ? fl_later(batch->since, age) : FILCH_FOREVER;
}

void fl_batcher_put(filch_batcher *batcher, fl_ticket *ticket, int64_t now)
{
    fl_batch *batch = batcher->collecting;
    size_t index = batch->count++;
    batch->items[index] = ticket->item;
    batch->entries[index] = (fl_entry){ticket->waits ? ticket : NULL, ticket->told, ticket->arg};
    ticket->batch = batch;
    ticket->index = index;
    batcher->stats.added++;
    if (index == 0) {
        batch->since = now;
        fl_alarm_set(&batcher->alarm, due_at(batcher));
    }
}

/* The waiters for which there is room now, before `rest`. A waiter for an outcome, too, comes
 * back. */
static fl_node *admit(filch_batcher *batcher, fl_node *rest, int64_t now)
{
    while (batcher->collecting->count < batcher->config.size) {
        fl_node *node = fl_waiters_claim(&batcher->room);
        if (!node)
            break;
        fl_ticket *ticket = node->data;
        fl_batcher_put(batcher, ticket, now);
        batcher->inside -= !ticket->waits;
        node->next = rest;
        rest = node;
    }
    return rest;
}

static void run(filch_self self, fl_work_item *work_item);

/* There is a free batch: fewer than in_flight flew. */
static void take_off(filch_batcher *batcher)
{
    fl_batch *batch = batcher->collecting;
    batcher->collecting = batcher->free;
    batcher->free = batcher->free->next;
    batcher->flying++;
    batcher->stats.batches++;
    batcher->stats.full += batch->count == batcher->config.size;
    batcher->stats.in_flight += batch->count;
    fl_work_item_be_part(&batch->work_item, run);
    fl_start(batcher->alarm.rt, &batch->work_item);
}

static bool may_go(const filch_batcher *batcher)
{
    const fl_batch *batch = batcher->collecting;
    return batch->count && (batch->due || batch->count == batcher->config.size) &&
           batcher->flying < batcher->config.in_flight;
}

fl_node *fl_batcher_dispatch(filch_batcher *batcher, int64_t now)
{
    fl_node *told = admit(batcher, NULL, now);
    while (may_go(batcher)) {
        take_off(batcher);
        told = admit(batcher, told, now);
    }
    return told;
}

void fl_batcher_leave(filch_batcher *batcher, fl_node *told)
{
    bool settled = fl_batcher_settled(batcher);
    fl_node *closers = settled ? fl_waiters_claim_all(&batcher->closers, NULL) : NULL;
    fl_unlock(&batcher->lock); /* the last touch */
    fl_tell_list(told, 0);
    fl_tell_list(closers, 0);
}

/* ---- Flushing ---- */

static const filch_task flush_task = {NULL, "(a batcher's flush)"};
static const filch_task told_task = {NULL, "(a batcher's callback)"};

static void flush(filch_self self, void *arg)
{
    fl_batch *batch = arg;
    const filch_batcher_config *config = &batch->batcher->config;
    config->flush(self, batch->items, batch->outcomes, batch->count, config->arg);
    filch_check_return(self, &flush_task);
}

/* Returns how many outcomes are not 0. */
static size_t judge(fl_batch *batch, const filch_failure *panic)
{
    size_t failed = 0;
    for (size_t i = 0; i < batch->count; i++) {
        int *outcome = &batch->outcomes[i];
        if (panic)
            *outcome = panic->code;
        else if (*outcome && !fl_is_errno(*outcome))
            *outcome = -EINVAL;
        failed += *outcome != 0;
    }
    return failed;
}

/* The waiters are told; their entries are empty then. */
static void tell_waiters(fl_batch *batch)
{
    filch_batcher *batcher = batch->batcher;
    fl_lock(&batcher->lock);
    for (size_t i = 0; i < batch->count; i++) {
        fl_ticket *ticket = batch->entries[i].ticket;
        if (!ticket)
            continue;
        ticket->outcome = batch->outcomes[i];
        ticket->done = true;
    }
    fl_node *all = fl_waiters_claim_all(&batch->waiters, NULL);
    for (fl_node *node = all; node; node = node->next)
        batcher->inside--;
    fl_unlock(&batcher->lock);
    fl_tell_list(all, 0);
}

typedef struct news {
    const fl_batch *batch;
    size_t index;
} news;

static void tell(filch_self self, void *arg)
{
    const news *of = arg;
    const fl_entry *entry = &of->batch->entries[of->index];
    entry->told(of->batch->items[of->index], of->batch->outcomes[of->index], entry->arg);
    filch_check_return(self, &told_task);
}

static void call_back(filch_self self, const fl_batch *batch)
{
    fl_fiber_of(self)->root = &told_task;
    for (size_t i = 0; i < batch->count; i++) {
        news of = {batch, i};
        filch_failure failure;
        if (batch->entries[i].told && !fl_catch(self, told_task.name, tell, &of, &failure))
            fl_panic_report(&failure);
    }
}

static void land(fl_batch *batch, size_t failed, bool panicked)
{
    filch_batcher *batcher = batch->batcher;
    fl_lock(&batcher->lock);
    batcher->stats.flushed += batch->count;
    batcher->stats.in_flight -= batch->count;
    batcher->stats.failed += failed;
    batcher->stats.panics += panicked;
    batcher->flying--;
    batch->count = 0;
    batch->due = false;
    batch->next = batcher->free;
    batcher->free = batch;
    fl_batcher_leave(batcher, fl_batcher_dispatch(batcher, fl_now()));
}

static void run(filch_self self, fl_work_item *work_item)
{
    fl_batch *batch = (fl_batch *)work_item;
    filch_failure failure;
    fl_fiber_of(self)->root = &flush_task;
    memset(batch->outcomes, 0, batch->count * sizeof batch->outcomes[0]);
    bool panicked = !fl_catch(self, flush_task.name, flush, batch, &failure);
    size_t failed = judge(batch, panicked ? &failure : NULL);
    tell_waiters(batch);
    call_back(self, batch);
    land(batch, failed, panicked);
}

/* ---- Age ---- */

void fl_batcher_look(filch_batcher *batcher, int64_t now)
{
    fl_lock(&batcher->lock);
    if (due_at(batcher) <= now)
        batcher->collecting->due = true;
    fl_node *told = fl_batcher_dispatch(batcher, now);
    fl_alarm_answer(&batcher->alarm, due_at(batcher));
    fl_batcher_leave(batcher, told);
}

void fl_batcher_look_task(filch_self self, fl_work_item *work_item)
{
    static const filch_task task = {NULL, "(a batcher's look)"};
    fl_alarm *alarm = FL_CONTAINER_OF(work_item, fl_alarm, work_item);
    filch_batcher *batcher = FL_CONTAINER_OF(alarm, filch_batcher, alarm);
    fl_fiber_of(self)->root = &task;
    fl_batcher_look(batcher, fl_now());
}
