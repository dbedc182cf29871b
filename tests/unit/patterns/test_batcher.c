/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Batchers: when a batch is flushed, waiting for room, and reporting an item's outcome. */
#include <runtime/patterns/batcher.h>

#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/unit/patterns/batch_crew.h>

Test(batcher, only_partial_batches_await_flush_request)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_batcher *batcher = new_batcher(rt, 4, 1);
        to.in_order = true;
        items[2].shall = -EDOM;
        items[9].shall = 7;
        add(batcher, 0, 10);
        signpost_wait(&to.ended, 2);
        cr_assert_eq(batcher_stats(batcher).collected, 2, "neither full nor old");
        OK(filch_batcher_flush(batcher));
        signpost_wait(&items[9].told, 1);
        for (unsigned i = 0; i < 10; i++)
            cr_assert_eq(items[i].outcome, i == 2 ? -EDOM : i == 9 ? -EINVAL : 0);
        cr_assert_eq(filch_batcher_flush(batcher), 0, "of nothing");
        WAIT_FOR(batcher, now.in_flight == 0);
        filch_batcher_stats all = batcher_stats(batcher);
        cr_assert_eq(all.batches, 3);
        cr_assert_eq(all.full, 2);
        cr_assert_eq(all.failed, 2);
        drain_ends(&to, batcher);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Waiting for an outcome ---- */

static void are_told(crew *all, enum crew_kind kind, const char *name)
{
    filch_batcher *batcher = new_batcher(all->rt, 5, 2);
    for (unsigned i = 0; i < 10; i++) {
        items[i].shall = i % 2 ? 0 : -(int)(i + 1);
        adders[i] = (struct adder){batcher, &items[i], filch_in(1000 * FILCH_SECOND), 1, 1};
        crew_start(all, (kind + i) % CREW_KINDS, add_and_wait, &adders[i]);
    }
    crew_wait(all);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(adders[i].rc, 0, "%s", name);
        cr_assert_eq(adders[i].outcome, items[i].shall, "%s", name);
        cr_assert_eq(signpost_count(&items[i].flushed), 1);
    }
    drain_ends(&to, batcher);
}

Test(batcher, waiting_adder_gets_item_outcome)
{
    crew_everywhere(are_told);
}

static void come_too_late(crew *all, enum crew_kind kind, const char *name)
{
    filch_batcher *batcher = new_batcher(all->rt, 3, 1);
    start_adder(all, kind, batcher, 0, FILCH_FOREVER);
    start_adder(all, kind, batcher, 1, filch_in(MS));
    WAIT_FOR(batcher, now.taken_back + now.refused == 1);
    filch_u32_store(&to.open, 0, FILCH_RELEASE);
    start_adder(all, kind, batcher, 2, filch_in(20 * MS));
    OK(filch_batcher_flush(batcher));
    signpost_wait(&to.begun, 1);
    WAIT_WHILE(filch_now() < adders[2].until);
    filch_u32_store(&to.open, 1, FILCH_RELEASE);
    crew_wait(all);
    cr_assert_eq(adders[0].rc, 0, "%s", name);
    cr_assert_eq(adders[1].rc, -ETIMEDOUT, "%s", name);
    cr_assert_eq(signpost_count(&items[1].flushed), 0, "taken back");
    cr_assert(adders[2].rc == -EINPROGRESS || adders[2].rc == -ETIMEDOUT || adders[2].rc == 0);
    cr_assert_eq(signpost_count(&items[2].flushed), adders[2].rc != -ETIMEDOUT, "%s", name);
    drain_ends(&to, batcher);
}

Test(batcher, timed_out_adder_withdraws_if_possible)
{
    crew_everywhere(come_too_late);
}

Test(batcher, item_being_flushed_cannot_be_withdrawn)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_batcher *batcher = new_batcher(rt, 1, 1);
        int outcome = 7;
        filch_u32_store(&to.open, 0, FILCH_RELEASE);
        int rc;
        do /* until it was not too late to begin */
            rc = filch_batcher_add(batcher, &items[0], &outcome, filch_in(MS));
        while (rc == -ETIMEDOUT);
        cr_assert_eq(rc, -EINPROGRESS);
        cr_assert_eq(outcome, 7, "untouched");
        filch_batcher_close(batcher);
        cr_assert_eq(filch_batcher_wait(batcher, filch_in(MS)), -ETIMEDOUT);
        filch_u32_store(&to.open, 1, FILCH_RELEASE);
        drain_ends(&to, batcher);
        cr_assert_eq(signpost_count(&items[0].flushed), 1);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Room ---- */

static void wait_for_room(crew *all, enum crew_kind kind, const char *name)
{
    filch_batcher *batcher = new_batcher(all->rt, 2, 1);
    to.in_order = true;
    filch_u32_store(&to.open, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < 4; i++) /* two fly, two collect */
        start_adder(all, (kind + i) % CREW_KINDS, batcher, i, FILCH_FOREVER);
    cr_assert_eq(filch_batcher_add_then(batcher, &items[4], NULL, NULL, 0), -ETIMEDOUT);
    cr_assert_eq(filch_batcher_add_then(batcher, &items[4], NULL, NULL, filch_in(MS)), -ETIMEDOUT);
    for (unsigned i = 5; i < 12; i++) /* an odd number; the last one is alone */
        start_adder(all, (kind + i) % CREW_KINDS, batcher, i, FILCH_FOREVER);
    cr_assert_eq(signpost_count(&to.begun), 1);
    filch_u32_store(&to.open, 1, FILCH_RELEASE);
    WAIT_FOR(batcher, now.added == 11);
    OK(filch_batcher_flush(batcher));
    crew_wait(all);
    for (unsigned i = 0; i < 12; i++)
        cr_assert_eq(signpost_count(&items[i].flushed), i != 4, "%s: %u", name, i);
    cr_assert_eq(batcher_stats(batcher).refused, 2);
    drain_ends(&to, batcher);
}

Test(batcher, adders_queue_at_in_flight_limit)
{
    crew_everywhere(wait_for_room);
}

static void room_is_made(crew *all, enum crew_kind kind, const char *name)
{
    filch_batcher *batcher = new_batcher(all->rt, 3, 1);
    filch_u32_store(&to.open, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < 3; i++)
        start_adder(all, kind, batcher, i, FILCH_FOREVER);
    signpost_wait(&to.begun, 1);
    start_adder(all, kind, batcher, 3, filch_in(20 * MS));
    start_adder(all, kind, batcher, 4, FILCH_FOREVER);
    start_adder(all, kind, batcher, 5, FILCH_FOREVER);
    start_adder(all, kind, batcher, 6, FILCH_FOREVER);
    WAIT_FOR(batcher, now.taken_back + now.refused == 1 && now.added - now.taken_back == 6);
    cr_assert_eq(batcher_stats(batcher).batches, 1);
    filch_u32_store(&to.open, 1, FILCH_RELEASE);
    crew_wait(all);
    for (unsigned i = 0; i < 7; i++) {
        cr_assert_eq(adders[i].rc, i == 3 ? -ETIMEDOUT : 0, "%s: %u", name, i);
        cr_assert_eq(signpost_count(&items[i].flushed), i != 3, "%s: %u", name, i);
    }
    drain_ends(&to, batcher);
}

Test(batcher, withdrawn_item_makes_room)
{
    crew_everywhere(room_is_made);
}

static void nothing_is_due(crew *all, enum crew_kind kind, const char *name)
{
    filch_batcher *batcher = new_batcher(all->rt, 3, 1);
    filch_u32_store(&to.open, 0, FILCH_RELEASE);
    add(batcher, 0, 3);
    start_adder(all, kind, batcher, 3, filch_in(20 * MS));
    cr_assert_eq(filch_batcher_flush(batcher), 0, "when the first has ended");
    WAIT_FOR(batcher, now.taken_back + now.refused == 1);
    filch_u32_store(&to.open, 1, FILCH_RELEASE);
    WAIT_FOR(batcher, now.in_flight == 0);
    add(batcher, 4, 2);
    fl_batcher_look(batcher, filch_now());
    cr_assert_eq(batcher_stats(batcher).collected, 2, "%s: nobody has asked for these", name);
    crew_wait(all);
    drain_ends(&to, batcher);
}

Test(batcher, flush_request_expires_with_withdrawn_item)
{
    crew_everywhere(nothing_is_due);
}

/* ---- Misuse ---- */

Test(batcher, bad_arguments_are_refused)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_batcher_config good = drain_config(&to, 2, 1), config;
    filch_batcher *batcher = NULL;
    int outcome;
    cr_assert_eq(filch_batcher_create(NULL, rt, &good), -EINVAL);
    cr_assert_eq(filch_batcher_create(&batcher, rt, NULL), -EINVAL);
    cr_assert_eq(filch_batcher_create(&batcher, NULL, &good), -EINVAL, "no task calls");
#define REFUSED(change)                                                                            \
    config = good;                                                                                 \
    config.change;                                                                                 \
    cr_assert_eq(filch_batcher_create(&batcher, rt, &config), -EINVAL, #change);
    REFUSED(flush = NULL)
    REFUSED(size = 0)
    REFUSED(size = FILCH_BATCH_MAX + 1)
    REFUSED(in_flight = FILCH_BATCHES_MAX + 1)
    REFUSED(age = -1)
    cr_assert_null(batcher, "untouched");
    cr_assert_eq(filch_batcher_add(NULL, &items[0], &outcome, 0), -EINVAL);
    cr_assert_eq(filch_batcher_add_then(NULL, &items[0], NULL, NULL, 0), -EINVAL);
    cr_assert_eq(filch_batcher_flush(NULL), -EINVAL);
    cr_assert_eq(filch_batcher_wait(NULL, 0), -EINVAL);
    batcher = batcher_of(rt, &good);
    cr_assert_eq(filch_batcher_add(batcher, &items[0], NULL, 0), -EINVAL);
    cr_assert_eq(filch_batcher_add(batcher, &items[0], &outcome, -1), -EINVAL);
    cr_assert_eq(filch_batcher_add(batcher, &items[0], &outcome, 0), -ETIMEDOUT);
    cr_assert_eq(batcher_stats(batcher).added, 0);
    drain_ends(&to, batcher);
    OK(filch_runtime_destroy(rt));
}

/* Batchers: batches that grow old, flushes and callbacks that panic, and the end of all. */

/* ---- Age ---- */

Test(batcher_end, batch_flushes_when_first_item_ages)
{
    filch_runtime *rt = config_runtime(3, 0);
    filch_batcher_config config = drain_config(&to, 100, 1);
    config.age = 1000 * FILCH_SECOND;
    filch_batcher *batcher = batcher_of(rt, &config);
    new_items();
    add(batcher, 0, 2);
    fl_batcher_look(batcher, filch_in(500 * FILCH_SECOND));
    cr_assert_eq(batcher_stats(batcher).collected, 2, "not early");
    fl_batcher_look(batcher, filch_in(1000 * FILCH_SECOND));
    signpost_wait(&items[1].told, 1);
    fl_batcher_look(batcher, filch_in(5000 * FILCH_SECOND));
    cr_assert_eq(batcher_stats(batcher).batches, 1, "of nothing");
    drain_ends(&to, batcher);
    OK(filch_runtime_destroy(rt));
}

Test(batcher_end, the_batcher_looks_itself)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_batcher_config config = drain_config(&to, 100, 2);
        config.age = MS;
        filch_batcher *batcher = batcher_of(rt, &config);
        new_items();
        for (unsigned i = 0; i < 8; i++) {
            int64_t since = filch_now();
            int outcome;
            OK(filch_batcher_add(batcher, &items[i], &outcome, FILCH_FOREVER));
            cr_assert_geq(filch_now() - since, MS, "not early");
        }
        drain_ends(&to, batcher);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Panics ---- */

Test(batcher_end, flush_panic_becomes_every_items_outcome)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_batcher *batcher = new_batcher(rt, 2, 1);
        int outcome = 0;
        filch_u32_store(&to.panics, 1, FILCH_RELEASE);
        add(batcher, 0, 1);
        OK(filch_batcher_add(batcher, &items[1], &outcome, FILCH_FOREVER));
        cr_assert_eq(outcome, -EPROTO);
        signpost_wait(&items[0].told, 1);
        cr_assert_eq(items[0].outcome, -EPROTO);
        add(batcher, 2, 2);
        signpost_wait(&items[3].told, 1);
        cr_assert_eq(items[3].outcome, 0, "the next is as good as any");
        WAIT_FOR(batcher, now.in_flight == 0);
        cr_assert_eq(batcher_stats(batcher).panics, 1);
        drain_ends(&to, batcher);
        OK(filch_runtime_destroy(rt));
    }
}

static signpost panics;

static void count_panic(const filch_failure *failure)
{
    if (failure->code == -ENOTSUP)
        signpost_raise(&panics);
}

static void panic_when_told(void *one, int outcome, void *arg)
{
    note_outcome(one, outcome, arg);
    FILCH_PANIC(-ENOTSUP, "batch_item %u", ((batch_item *)one)->number);
}

Test(batcher_end, callback_panic_spares_other_callbacks)
{
    filch_runtime *rt = config_runtime(3, 0);
    filch_batcher *batcher = new_batcher(rt, 6, 1);
    filch_panic_handler *before = filch_set_panic_handler(count_panic);
    for (unsigned i = 0; i < 6; i++)
        OK(filch_batcher_add_then(batcher, &items[i], i % 2 ? panic_when_told : note_outcome, NULL,
                                  0));
    drain_ends(&to, batcher);
    for (unsigned i = 0; i < 6; i++)
        cr_assert_eq(signpost_count(&items[i].told), 1);
    cr_assert_eq(signpost_count(&panics), 3);
    filch_set_panic_handler(before);
    OK(filch_runtime_destroy(rt));
}

static filch_batcher *around;

static void add_another(void *one, int outcome, void *next)
{
    note_outcome(one, outcome, NULL);
    OK(filch_batcher_add_then(around, next, note_outcome, NULL, 0));
}

Test(batcher_end, a_callback_may_add)
{
    filch_runtime *rt = config_runtime(2, 0);
    around = new_batcher(rt, 1, 1);
    OK(filch_batcher_add_then(around, &items[0], add_another, &items[1], 0));
    signpost_wait(&items[1].told, 1);
    drain_ends(&to, around);
    OK(filch_runtime_destroy(rt));
}

/* ---- The end ---- */

static void is_closed(crew *all, enum crew_kind kind, const char *name)
{
    filch_batcher *batcher = new_batcher(all->rt, 2, 1);
    int outcome;
    filch_u32_store(&to.open, 0, FILCH_RELEASE);
    for (unsigned i = 0; i < 7; i++)
        start_adder(all, (kind + i) % CREW_KINDS, batcher, i, FILCH_FOREVER);
    filch_batcher_close(batcher);
    cr_assert_eq(filch_batcher_wait(batcher, filch_in(MS)), -ETIMEDOUT);
    cr_assert_eq(filch_batcher_add(batcher, &items[7], &outcome, FILCH_FOREVER), -EPIPE);
    cr_assert_eq(filch_batcher_add_then(batcher, &items[7], NULL, NULL, 0), -EPIPE);
    cr_assert_eq(filch_batcher_flush(batcher), -EPIPE);
    filch_u32_store(&to.open, 1, FILCH_RELEASE);
    crew_wait(all);
    for (unsigned i = 0; i < 7; i++) {
        cr_assert_eq(adders[i].rc, i < 4 ? 0 : -EPIPE, "%s: %u", name, i);
        cr_assert_eq(signpost_count(&items[i].flushed), i < 4);
    }
    cr_assert_eq(batcher_stats(batcher).refused, 5);
    drain_ends(&to, batcher);
}

Test(batcher_end, close_flushes_items_and_refuses_waiters)
{
    crew_everywhere(is_closed);
}

Test(batcher_end, destroying_closes)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_batcher *batcher = new_batcher(rt, 100, 1);
    add(batcher, 0, 3);
    filch_batcher_destroy(batcher);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(signpost_count(&items[i].told), 1);
    filch_batcher_destroy(NULL);
    OK(filch_runtime_destroy(rt));
}

Test(batcher_end, closing_waits_for_its_alarm)
{
    occupation of_worker;
    filch_runtime *rt = occupied_runtime(&of_worker);
    filch_batcher *batcher = new_batcher(rt, 2, 1);
    occupied_ring(&batcher->lock, &batcher->alarm);
    filch_batcher_close(batcher);
    cr_assert_eq(filch_batcher_wait(batcher, filch_in(MS)), -ETIMEDOUT, "its task will come");
    signpost_raise(&of_worker.over);
    drain_ends(&to, batcher);
    OK(filch_runtime_destroy(rt));
}

Test(batcher_end, close_waits_for_late_adders)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_batcher *batcher = new_batcher(rt, 2, 1);
    batcher->inside++; /* as such a caller leaves it, until it has the lock */
    filch_batcher_close(batcher);
    cr_assert_eq(filch_batcher_wait(batcher, filch_in(MS)), -ETIMEDOUT);
    batcher->inside--;
    drain_ends(&to, batcher);
    OK(filch_runtime_destroy(rt));
}
