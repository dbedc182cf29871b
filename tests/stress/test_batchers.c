/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and threads that add at random, with and without patience, while batches fly, fail and
 * panic: each accepted item is flushed once and reported once, and no other is. */
#include <tests/support/patterns.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 12, THREADS = 4 };

static drain to;

typedef struct senders {
    filch_batcher *batcher;
    uint64_t seed;
    unsigned times;
    batch_item *items;
    int *rcs; /* of add; ACCEPTED: add_then's 0 */
    bool closes;
} senders;

enum { ACCEPTED = 1 };

static int send_one(senders *all, batch_item *one, uint64_t random)
{
    int outcome = 1;
    int64_t until = party_deadline(random >> 8);
    if (random % 3 == 0) {
        int rc = filch_batcher_add_then(all->batcher, one, note_outcome, NULL, until);
        return rc ? rc : ACCEPTED;
    }
    int rc = filch_batcher_add(all->batcher, one, &outcome, until);
    if (!rc && outcome != one->shall && outcome != -EPROTO)
        signpost_raise(&to.wrong);
    return rc;
}

static void send_many(filch_self self, void *arg, unsigned index)
{
    senders *all = arg;
    for (unsigned i = 0; i < all->times; i++) {
        unsigned number = index * all->times + i;
        uint64_t random = stress_mix(all->seed + number);
        batch_item *one = &all->items[number];
        one->shall = random % 8 ? 0 : -(int)(1 + (random >> 50) % 100);
        if (random % 64 == 3)
            filch_u32_add(&to.panics, 1, FILCH_ACQ_REL);
        if (random % 32 == 5)
            filch_batcher_flush(all->batcher);
        if (random % 16 == 9)
            party_gives_way(self);
        all->rcs[number] = send_one(all, one, random >> 4);
    }
    if (index == 0 && all->closes)
        filch_batcher_close(all->batcher);
}

/* After the end. */
static void check_item(const batch_item *one, int rc)
{
    uint32_t flushed = signpost_count(&one->flushed), told = signpost_count(&one->told);
    switch (rc) {
    case 0:
    case -EINPROGRESS:
        cr_assert(flushed == 1 && told == 0);
        break;
    case ACCEPTED:
        cr_assert(flushed == 1 && told == 1);
        cr_assert(one->outcome == one->shall || one->outcome == -EPROTO);
        break;
    default:
        cr_assert(rc == -ETIMEDOUT || rc == -EPIPE, "%d", rc);
        cr_assert(flushed == 0 && told == 0);
    }
}

static void send_everywhere(bool closes)
{
    uint64_t seed = stress_seed();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        senders all = {.seed = stress_mix(seed + c), .times = stress_times(2000), .closes = closes};
        unsigned count = all.times * (TASKS + THREADS);
        filch_batcher_config config =
            drain_config(&to, 1 + all.seed % 7, 1 + (unsigned)(all.seed >> 8) % 3);
        config.age = (int64_t)(1 + (all.seed >> 16) % 200) * FILCH_MICROSECOND;
        all.batcher = batcher_of(rt, &config);
        all.items = calloc(count, sizeof *all.items);
        all.rcs = calloc(count, sizeof *all.rcs);
        cr_assert(all.items && all.rcs);
        parties_meet(rt, TASKS, THREADS, send_many, &all);
        drain_ends(&to, all.batcher);
        for (unsigned i = 0; i < count; i++)
            check_item(&all.items[i], all.rcs[i]);
        free(all.items);
        free(all.rcs);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}

Test(batchers, accepted_items_flush_and_report_once)
{
    send_everywhere(false);
}

Test(batchers, close_midway_flushes_accepted_items_once)
{
    send_everywhere(true);
}
