/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/patterns/batcher.h>
#include <runtime/patterns/batcher_task.h>

#include <runtime/engine/external.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/answer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

static int refuse_config(const filch_batcher_config *config)
{
    if (!config || !config->flush)
        return fl_fail(EINVAL, "a batcher without a function that flushes; give it one in its "
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

static int close_until(const char *call, filch_batcher *batcher, int64_t until)
{
    fl_lock(&batcher->lock);
    if (!batcher->closed) {
        fl_node *all = shut(batcher);
        fl_batcher_dispatch(batcher, fl_now()); /* no waiter is left to admit */
        fl_unlock(&batcher->lock);
        fl_tell_list(all, -EPIPE);
        fl_lock(&batcher->lock);
    }
    if (!fl_batcher_settled(batcher)) {
        fl_waits_in(call, batcher);
        return fl_wait(&batcher->lock, &batcher->closers, NULL, until);
    }
    fl_unlock(&batcher->lock);
    return 0;
}

int filch_batcher_close(filch_batcher *batcher, int64_t until)
{
    FL_ALIVE(batcher);
    return close_until("filch_batcher_close", batcher, until);
}

void filch_batcher_destroy(filch_batcher *batcher)
{
    FL_MAY_LIVE(batcher);
    if (!batcher)
        return;
    close_until("filch_batcher_destroy", batcher, FILCH_FOREVER);
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
