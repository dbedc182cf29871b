/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/patterns.h>
#include <tests/support/test.h>

static void drain_flush(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
    drain *to = arg;
    signpost_raise(&to->begun);
    if (filch_u32_add(&to->flying, 1, FILCH_ACQ_REL) >= to->in_flight || filch_worker_index() < 0 ||
        count < 1 || count > to->most)
        signpost_raise(&to->wrong);
    while (!filch_u32_load(&to->open, FILCH_ACQUIRE))
        filch_yield(self);
    for (size_t i = 0; i < count; i++) {
        batch_item *one = items[i];
        if (outcomes[i] || (to->in_order && one->number < to->last))
            signpost_raise(&to->wrong);
        if (to->in_order)
            to->last = one->number;
        signpost_raise(&one->flushed);
        outcomes[i] = one->shall;
    }
    filch_u32_add(&to->items, (uint32_t)count, FILCH_ACQ_REL);
    filch_u32_add(&to->flying, (uint32_t)-1, FILCH_ACQ_REL);
    signpost_raise(&to->ended);
    uint32_t panics = filch_u32_load(&to->panics, FILCH_RELAXED);
    while (panics > 0)
        if (filch_u32_cas(&to->panics, &panics, panics - 1, FILCH_ACQ_REL))
            FILCH_PANIC(-EPROTO, "a batch too many");
}

filch_batcher_config drain_config(drain *to, size_t size, unsigned in_flight)
{
    *to = (drain){.most = size, .in_flight = in_flight, .open = {1}};
    return (filch_batcher_config){.size = size,
                                  .in_flight = in_flight,
                                  .flush = drain_flush,
                                  .arg = to};
}

filch_batcher *batcher_of(filch_runtime *rt, const filch_batcher_config *config)
{
    filch_batcher *batcher = NULL;
    if (filch_batcher_create(&batcher, rt, config))
        filch_die("%s", filch_error());
    return batcher;
}

filch_batcher_stats batcher_stats(filch_batcher *batcher)
{
    filch_batcher_stats all;
    filch_batcher_stats_read(batcher, &all, sizeof all);
    return all;
}

void note_outcome(void *arg, int outcome, void *unused)
{
    batch_item *one = arg;
    one->outcome = outcome;
    signpost_raise(&one->told);
}

void drain_ends(drain *to, filch_batcher *batcher)
{
    filch_batcher_close(batcher);
    OK(filch_batcher_wait(batcher, FILCH_FOREVER));
    filch_batcher_stats all = batcher_stats(batcher);
    cr_assert_eq(all.added, all.flushed + all.taken_back);
    cr_assert_eq(all.flushed, signpost_count(&to->items));
    cr_assert_eq(all.batches, signpost_count(&to->begun));
    cr_assert_eq(all.collected + all.in_flight, 0);
    cr_assert_eq(signpost_count(&to->wrong), 0);
    filch_batcher_destroy(batcher);
}
