/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and threads that put, list, requeue (also unsuccessfully, and with panics), remove and
 * purge at random, with a maximum and a time to live. Each letter that was put is submitted again
 * once, or dropped once. */
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdlib.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 12, THREADS = 4 };

typedef struct storm {
    filch_dead_letter_queue *letters;
    uint64_t seed;
    unsigned times;
    payload *all; /* times for each party */
} storm;

/* Not on threads: there a panic is the end. */
static int submit_somehow(const filch_dead_letter *letter, void *arg)
{
    uint64_t random = stress_mix(letter->id * 31 + *(uint64_t *)arg);
    if (random % 4 == 0)
        return -EAGAIN;
    if (random % 16 == 1 && filch_worker_index() >= 0)
        FILCH_PANIC(-EPROTO, "not today");
    if (random % 8 == 2)
        sched_yield();
    return payload_submit(letter, NULL);
}

typedef struct requeuer {
    filch_dead_letter_queue *letters;
    uint64_t id, random; /* id 0: all */
} requeuer;

static void requeue_it(filch_self self, void *arg)
{
    requeuer *it = arg;
    int rc;
    if (it->id)
        rc = filch_dead_letter_queue_requeue(it->letters, it->id, submit_somehow, &it->random);
    else
        rc = filch_dead_letter_queue_requeue_all(it->letters, submit_somehow, &it->random, NULL);
    cr_assert(!rc || rc == -EAGAIN || rc == -ENOENT || rc == -EBUSY, "%d", rc);
}

static void requeue_somehow(filch_self self, storm *in, uint64_t id, uint64_t random)
{
    requeuer it = {in->letters, id, random};
    if (!self) {
        requeue_it(NULL, &it);
        return;
    }
    int rc = filch_try(self, requeue_it, &it, NULL);
    cr_assert(!rc || rc == -EPROTO);
}

static void list_some(storm *in, uint64_t after, bool remove)
{
    filch_dead_letter *page[7];
    size_t count;
    OK(filch_dead_letter_queue_list(in->letters, after, page, 7, &count));
    for (size_t i = 0; i < count; i++) {
        cr_assert_gt(page[i]->id, after);
        after = page[i]->id;
        int rc = remove ? filch_dead_letter_queue_remove(in->letters, after) : 0;
        cr_assert(!rc || rc == -ENOENT || rc == -EBUSY);
        filch_dead_letter_release(page[i]);
    }
}

static void storm_party(filch_self self, void *arg, unsigned index)
{
    storm *in = arg;
    for (unsigned i = 0; i < in->times; i++) {
        uint64_t random = stress_mix(in->seed + index * in->times + i);
        uint64_t id = put_one(in->letters, &in->all[index * in->times + i]);
        if (random % 4 == 0)
            requeue_somehow(self, in, id - (random >> 8) % 8 % id, random >> 16);
        if (random % 16 == 1)
            list_some(in, id > 20 ? id - 20 : 0, random >> 63);
        if (random % 128 == 2)
            requeue_somehow(self, in, 0, random >> 16);
        if (random % 256 == 3)
            OK(filch_dead_letter_queue_purge(in->letters, (int64_t)(random >> 44), NULL));
        if (random % 32 == 5)
            party_gives_way(self);
    }
}

static void storm_over(filch_dead_letter_queue_config config)
{
    uint64_t seed = stress_seed();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        storm in = {.letters = dead_letters_of(config),
                    .seed = stress_mix(seed + c),
                    .times = stress_times(2000)};
        unsigned count = in.times * (TASKS + THREADS);
        in.all = calloc(count, sizeof *in.all);
        cr_assert_not_null(in.all);
        parties_meet(rt, TASKS, THREADS, storm_party, &in);
        dead_letters_balance(in.letters);
        filch_dead_letter_queue_stats stats = dead_letters_stats(in.letters);
        cr_assert_eq(stats.put, count);
        cr_assert_eq(stats.taken, 0);
        cr_assert_eq(stats.stuck, 0);
        filch_dead_letter_queue_destroy(in.letters);
        uint64_t submitted = 0;
        for (unsigned i = 0; i < count; i++) {
            cr_assert_eq(signpost_count(&in.all[i].dropped) + signpost_count(&in.all[i].submitted),
                         1);
            submitted += signpost_count(&in.all[i].submitted);
        }
        cr_assert_eq(submitted, stats.requeued);
        free(in.all);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}

Test(dead_letters_storm, each_letter_goes_once)
{
    storm_over((filch_dead_letter_queue_config){.max = 0});
}

Test(dead_letters_storm, each_letter_goes_once_despite_limits)
{
    storm_over((filch_dead_letter_queue_config){.max = 50, .ttl = 100 * FILCH_MICROSECOND});
}
