/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Batchers: batches that grow old, flushes and callbacks that panic, and the end of all. */
#include <runtime/patterns/batcher.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>
#include <tests/unit/patterns/batch_crew.h>

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
