/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/patterns/batcher.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/time_sum.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

static int refuse_config(const filch_batcher_config *config)
{
    if (!config || !config->flush)
        return fl_fail(EINVAL, "a batcher without a flush function; set one in its "
                               "configuration");
    if (!config->size || config->size > FILCH_BATCH_MAX || config->in_flight > FILCH_BATCHES_MAX)
        return fl_fail(EINVAL,
                       "a batcher of %zu items, %u batches in flight; give it 1 to %d, and "
                       "at most %d",
                       config->size, config->in_flight, FILCH_BATCH_MAX, FILCH_BATCHES_MAX);
    if (config->age < 0)
        return fl_fail(EINVAL, "a batcher with an age of %lld ns; give it 0 or more",
                       (long long)config->age);
    return 0;
}

/* One block: the batcher, its batches, all their items, entries, outcomes. */
static size_t bytes_of(const filch_batcher_config *config)
{
    size_t each = sizeof(void *) + sizeof(fl_entry) + sizeof(int);
    size_t batches = (config->in_flight ? config->in_flight : 1) + (size_t)1;
    return sizeof(filch_batcher) + batches * (sizeof(fl_batch) + config->size * each);
}

static void lay_out(filch_batcher *batcher, const filch_batcher_config *config)
{
    batcher->config = *config;
    if (!batcher->config.in_flight)
        batcher->config.in_flight = 1;
    size_t batches = batcher->config.in_flight + (size_t)1, all = batches * config->size;
    fl_entry *entries = (fl_entry *)(void *)&batcher->batches[batches];
    void **items = (void **)(void *)&entries[all];
    int *outcomes = (int *)(void *)&items[all];
    for (size_t i = 0; i < batches; i++) {
        fl_batch *batch = &batcher->batches[i];
        batch->batcher = batcher;
        batch->entries = &entries[i * config->size];
        batch->items = &items[i * config->size];
        batch->outcomes = &outcomes[i * config->size];
        batch->next = batcher->free;
        batcher->free = batch;
    }
    batcher->collecting = batcher->free;
    batcher->free = batcher->free->next;
}

int filch_batcher_create(filch_batcher **out, filch_runtime *rt, const filch_batcher_config *config)
{
    FL_GIVEN(out);
    FL_GIVEN(config);
    int rc = refuse_config(config);
    if (!rc)
        rc = fl_runtime_meant(&rt, "filch_batcher_create");
    if (rc)
        return rc;
    filch_batcher *batcher = calloc(1, bytes_of(config));
    if (!batcher)
        return fl_fail(ENOMEM, "no memory for %u batches of %zu items; give it less",
                       config->in_flight, config->size);
    lay_out(batcher, config);
    rc = fl_alarm_init(&batcher->alarm, rt, fl_batcher_look_task);
    if (rc) {
        free(batcher);
        return rc;
    }
    fl_move_in(rt);
    fl_life_begin(&batcher->life);
    *out = batcher;
    return 0;
}

/* With the lock. The waiters for room, as a list to be told. */
static fl_node *shut(filch_batcher *batcher)
{
    batcher->closed = true;
    fl_alarm_stop(&batcher->alarm);
    batcher->collecting->due = true;
    fl_node *all = fl_waiters_claim_all(&batcher->room, NULL);
    for (fl_node *node = all; node; node = node->next) {
        batcher->inside--;
        batcher->stats.refused++;
    }
    return all;
}

void filch_batcher_close(filch_batcher *batcher)
{
    FL_MUST_LIVE(batcher);
    fl_node *refused = NULL;
    fl_lock(&batcher->lock);
    if (!batcher->closed) {
        refused = shut(batcher);
        fl_batcher_dispatch(batcher, fl_now()); /* no waiter is left to admit */
    }
    fl_batcher_leave(batcher, NULL);
    fl_tell_list(refused, -EPIPE);
}

static int wait_until_settled(const char *call, filch_batcher *batcher, int64_t until)
{
    fl_lock(&batcher->lock);
    if (!fl_batcher_settled(batcher)) {
        fl_waits_in(call, batcher);
        return fl_wait(&batcher->lock, &batcher->closers, NULL, until);
    }
    fl_unlock(&batcher->lock);
    return 0;
}

int filch_batcher_wait(filch_batcher *batcher, int64_t until)
{
    FL_ALIVE(batcher);
    return wait_until_settled("filch_batcher_wait", batcher, until);
}

void filch_batcher_destroy(filch_batcher *batcher)
{
    FL_MAY_LIVE(batcher);
    if (!batcher)
        return;
    filch_batcher_close(batcher);
    wait_until_settled("filch_batcher_destroy", batcher, FILCH_FOREVER);
    fl_move_out(batcher->alarm.rt);
    fl_life_end(&batcher->life);
    free(batcher);
}

/* ---- Adding ---- */

static const char closed_already[] = "filch_batcher_close has closed this batcher; add before that";

/* With the lock, which is released. 0: its item is in a batch. */
static int wait_for_room(filch_batcher *batcher, fl_ticket *ticket, int64_t until, int64_t now)
{
    batcher->inside++;
    batcher->stats.waits += until > now;
    fl_waits_in(ticket->waits ? "filch_batcher_add" : "filch_batcher_add_then", batcher);
    int rc = fl_wait_cancellable(&batcher->lock, &batcher->room, ticket, until);
    if (!rc || rc == -EPIPE) /* it was told */
        return fl_if_closed(rc, closed_already);
    fl_lock(&batcher->lock);
    batcher->inside--;
    batcher->stats.refused++;
    fl_batcher_leave(batcher, NULL);
    return rc;
}

/* If 0 is returned, the lock is held and the ticket waits for its outcome; else the lock is
 * free. */
static int place(filch_batcher *batcher, fl_ticket *ticket, int64_t until)
{
    fl_lock(&batcher->lock);
    if (batcher->closed) {
        batcher->stats.refused++;
        fl_unlock(&batcher->lock);
        return fl_closed(closed_already);
    }
    int64_t now = fl_now();
    bool late = ticket->waits && until <= now;
    if (late || batcher->collecting->count == batcher->config.size) {
        int rc = wait_for_room(batcher, ticket, until, now);
        if (!rc && ticket->waits)
            fl_lock(&batcher->lock);
        return rc;
    }
    batcher->inside += ticket->waits;
    fl_batcher_put(batcher, ticket, now);
    if (batcher->collecting->count == batcher->config.size)
        fl_batcher_dispatch(batcher, now); /* nobody waits for room: there was some */
    if (!ticket->waits)
        fl_unlock(&batcher->lock);
    return 0;
}

/* With the lock: takes the item out of the collecting batch. */
static void take_back(filch_batcher *batcher, const fl_ticket *ticket)
{
    fl_batch *batch = ticket->batch;
    size_t index = ticket->index, behind = --batch->count - index;
    memmove(&batch->items[index], &batch->items[index + 1], behind * sizeof batch->items[0]);
    memmove(&batch->entries[index], &batch->entries[index + 1], behind * sizeof batch->entries[0]);
    for (size_t i = index; i < batch->count; i++)
        if (batch->entries[i].ticket)
            batch->entries[i].ticket->index = i;
    if (!batch->count)
        batch->due = false;
    batcher->stats.taken_back++;
}

/* It has waited too long, and was not told. */
static int withdraw(filch_batcher *batcher, fl_ticket *ticket, int rc)
{
    fl_node *told = NULL;
    fl_lock(&batcher->lock);
    batcher->inside--;
    if (ticket->done) {
        rc = 0;
    } else if (ticket->batch == batcher->collecting) {
        take_back(batcher, ticket);
        told = fl_batcher_dispatch(batcher, fl_now());
    } else {
        ticket->batch->entries[ticket->index].ticket = NULL;
        rc = fl_plainly(-EINPROGRESS);
    }
    fl_batcher_leave(batcher, told);
    return rc;
}

/* With the lock, which is released. */
static int wait_for_outcome(filch_batcher *batcher, fl_ticket *ticket, int64_t until)
{
    if (ticket->done) { /* while it came back from waiting for room */
        batcher->inside--;
        fl_batcher_leave(batcher, NULL);
        return 0;
    }
    fl_waits_in("filch_batcher_add", batcher);
    int rc = fl_wait_cancellable(&batcher->lock, &ticket->batch->waiters, ticket, until);
    return rc ? withdraw(batcher, ticket, rc) : 0;
}

int filch_batcher_add(filch_batcher *batcher, void *item, int *outcome, int64_t until)
{
    FL_ALIVE(batcher);
    FL_GIVEN(outcome);
    fl_ticket ticket = {.item = item, .waits = true};
    int rc = place(batcher, &ticket, until);
    if (!rc)
        rc = wait_for_outcome(batcher, &ticket, until);
    if (!rc)
        *outcome = ticket.outcome;
    return rc;
}

int filch_batcher_add_then(filch_batcher *batcher, void *item, filch_flushed_fn *told, void *arg,
                           int64_t until)
{
    FL_ALIVE(batcher);
    fl_ticket ticket = {.item = item, .told = told, .arg = arg};
    return place(batcher, &ticket, until);
}

int filch_batcher_flush(filch_batcher *batcher)
{
    FL_ALIVE(batcher);
    fl_lock(&batcher->lock);
    bool closed = batcher->closed;
    fl_node *told = NULL;
    if (!closed && batcher->collecting->count) {
        batcher->collecting->due = true;
        told = fl_batcher_dispatch(batcher, fl_now());
    }
    fl_batcher_leave(batcher, told);
    return closed ? fl_closed(closed_already) : 0;
}

/* ---- Queries ---- */

void filch_batcher_stats_read(filch_batcher *batcher, filch_batcher_stats *out, size_t size)
{
    FL_MUST_LIVE(batcher);
    FL_MUST_GIVE(out);
    fl_lock(&batcher->lock);
    filch_batcher_stats all = batcher->stats;
    all.collected = batcher->collecting->count;
    fl_unlock(&batcher->lock);
    fl_answer(out, size, &all, sizeof all);
}

/* ---- The task ---- */

/* The batcher's tasks: flushing, telling, and looking for batches that are old enough. */

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
    fl_check_return(self, &flush_task);
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
    fl_check_return(self, &told_task);
}

static void call_back(filch_self self, const fl_batch *batch)
{
    fl_fiber_of(self)->running.root = &told_task;
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
    fl_fiber_of(self)->running.root = &flush_task;
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
    fl_fiber_of(self)->running.root = &task;
    fl_batcher_look(batcher, fl_now());
}
