/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters with a custom store: its errors are reported, and no data is lost; payloads as
 * bytes; metrics. */
#include <filch/filch.h>

#include <filch/observe.h>
#include <filch/pools.h>
#include <runtime/resilience/dead_letters_memory.h>
#include <tests/support/pools.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static failing store;

static filch_dead_letter_queue *failing_letters(filch_dead_letter_queue_config config)
{
    store = (failing){.closed = 0};
    cr_assert_eq(fl_dead_letters_memory_create(&store.memory), 0);
    config.store = &failing_store;
    config.store_arg = &store;
    return dead_letters_of(config);
}

Test(dead_letters_store, unstored_payload_stays_with_caller)
{
    payload one = {.number = 1};
    uint64_t id = 77;
    filch_dead_letter_queue *letters = failing_letters((filch_dead_letter_queue_config){.max = 1});
    filch_dead_letter_draft draft = draft_of(&one);
    store.put = -ENOSPC;
    cr_assert_eq(filch_dead_letter_queue_put(letters, &draft, &id), -ENOSPC);
    cr_assert_eq(id, 77, "untouched");
    cr_assert_eq(signpost_count(&one.dropped), 0);
    cr_assert_eq(dead_letters_stats(letters).refused, 1);
    cr_assert_eq(dead_letters_stats(letters).put, 0);
    store.put = 0;
    store.trim = -EIO;
    cr_assert_eq(filch_dead_letter_queue_put(letters, &draft, &id), 0, "it was put");
    cr_assert_eq(id, 1);
    store.trim = 0;
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
    cr_assert_eq(store.closed, 1);
    cr_assert_eq(signpost_count(&one.dropped), 1);
}

Test(dead_letters_store, its_errors_are_returned)
{
    payload one = {.number = 1};
    filch_dead_letter *page[2];
    size_t count = 9;
    filch_dead_letter_queue_stats stats;
    filch_dead_letter_queue *letters = failing_letters((filch_dead_letter_queue_config){.max = 0});
    put_one(letters, &one);
    store.next = -EIO;
    cr_assert_eq(filch_dead_letter_queue_next(letters, 0, page), -EIO);
    cr_assert_eq(filch_dead_letter_queue_list(letters, 0, page, 2, &count), -EIO);
    cr_assert_eq(count, 9, "untouched");
    cr_assert_eq(filch_dead_letter_queue_purge(letters, 0, &count), -EIO);
    cr_assert_eq(count, 0);
    store.next = 0;
    store.take = -EACCES;
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 1, payload_submit, NULL), -EACCES);
    cr_assert_eq(filch_dead_letter_queue_requeue_all(letters, payload_submit, NULL, &count),
                 -EACCES);
    store.take = store.remove = -EBUSY; /* somebody was faster */
    OK(filch_dead_letter_queue_requeue_all(letters, payload_submit, NULL, &count));
    OK(filch_dead_letter_queue_purge(letters, 0, &count));
    cr_assert_eq(count, 0);
    store.remove = -EROFS;
    cr_assert_eq(filch_dead_letter_queue_remove(letters, 1), -EROFS);
    cr_assert_eq(filch_dead_letter_queue_purge(letters, 0, NULL), -EROFS);
    store.count = -EIO;
    cr_assert_eq(filch_dead_letter_queue_stats_read(letters, &stats, sizeof stats), -EIO);
    cr_assert_eq(filch_dead_letter_queue_requeue_all(letters, payload_submit, NULL, &count), -EIO);
    store = (failing){.memory = store.memory};
    cr_assert_eq(signpost_count(&one.submitted), 0);
    cr_assert_eq(dead_letters_stats(letters).kept, 1);
    filch_dead_letter_queue_destroy(letters);
}

Test(dead_letters_store, uncountable_store_creates_no_queue)
{
    filch_dead_letter_queue *letters = NULL;
    store = (failing){.count = -EIO};
    filch_dead_letter_queue_config config = {.store = &failing_store, .store_arg = &store};
    cr_assert_eq(filch_dead_letter_queue_create(&letters, &config), -EIO);
    cr_assert_null(letters);
    cr_assert_eq(store.closed, 0);
}

Test(dead_letters_store, unsettled_letters_are_never_submitted_twice)
{
    payload one = {.number = 1}, other = {.number = 2};
    size_t count;
    int full = -EAGAIN;
    filch_dead_letter_queue *letters = failing_letters((filch_dead_letter_queue_config){.max = 0});
    put_one(letters, &one);
    put_one(letters, &other);
    store.settle = -EIO;
    cr_assert_eq(filch_dead_letter_queue_requeue_all(letters, payload_submit, NULL, &count),
                 -ESTALE);
    cr_assert_eq(count, 2);
    cr_assert_not_null(strstr(filch_error(), "letter 1 was requeued"), "%s", filch_error());
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 1, payload_submit, NULL), -EBUSY);
    filch_dead_letter_queue_stats stats = dead_letters_stats(letters);
    cr_assert_eq(stats.taken, 2);
    cr_assert_eq(stats.stuck, 2);
    cr_assert_eq(stats.requeued, 0);
    dead_letters_balance(letters);
    store.settle = 0;
    put_one(letters, &other);
    store.settle = -EIO;
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 3, payload_submit, &full), -EAGAIN);
    cr_assert_eq(dead_letters_stats(letters).stuck, 3);
    dead_letters_balance(letters);
    for (uint64_t id = 1; id <= 3; id++)
        cr_assert_eq(fl_dead_letters_memory.settle(store.memory, id, true), 0);
    filch_dead_letter_queue_destroy(letters);
    cr_assert_eq(signpost_count(&one.submitted), 1);
    cr_assert_eq(signpost_count(&one.dropped), 0);
    cr_assert_eq(signpost_count(&other.submitted), 1);
    cr_assert_eq(signpost_count(&other.dropped), 1);
}

Test(dead_letters_store, letters_found_in_store_are_counted)
{
    payload one = {.number = 1};
    filch_dead_letter_queue *letters = failing_letters((filch_dead_letter_queue_config){.max = 0}),
                            *again;
    put_one(letters, &one);
    filch_dead_letter_queue_config config = {.store = &failing_store, .store_arg = &store};
    OK(filch_dead_letter_queue_create(&again, &config));
    cr_assert_eq(dead_letters_stats(again).found, 1);
    dead_letters_balance(again);
    free(letters); /* as if the process had ended */
    filch_dead_letter_queue_destroy(again);
    cr_assert_eq(signpost_count(&one.dropped), 1);
}

/* ---- Pointers as bytes ---- */

static struct {
    unsigned calls;
    bool grows, panics;
} packing;

static size_t pack_number(const void *data, void *bytes, size_t room, void *arg)
{
    const payload *one = data;
    cr_assert_eq(arg, &packing);
    packing.calls++;
    if (packing.panics && room)
        FILCH_PANIC(-EPROTO, "cannot be packed");
    if (room)
        memcpy(bytes, &one->number, sizeof one->number);
    return sizeof one->number + (packing.grows && room);
}

static const filch_dead_letter_queue_config packed = {.pack = pack_number, .pack_arg = &packing};

Test(dead_letters_store, pointer_is_packed_then_released)
{
    payload one = {.number = 42};
    filch_dead_letter *letter;
    filch_dead_letter_queue *letters = dead_letters_of(packed);
    packing.calls = 0;
    put_one(letters, &one);
    cr_assert_eq(packing.calls, 2);
    cr_assert_eq(signpost_count(&one.dropped), 1);
    one.number = 0;
    OK(filch_dead_letter_queue_next(letters, 0, &letter));
    cr_assert_eq(letter->size, sizeof one.number);
    cr_assert_eq(*(unsigned *)letter->data, 42);
    filch_dead_letter_release(letter);
    filch_dead_letter_draft bytes = {.data = "abc", .size = 4}, nothing = {.attempts = 1};
    OK(filch_dead_letter_queue_put(letters, &bytes, NULL));
    OK(filch_dead_letter_queue_put(letters, &nothing, NULL));
    cr_assert_eq(packing.calls, 2, "bytes are bytes");
    filch_dead_letter_queue_destroy(letters);
    cr_assert_eq(signpost_count(&one.dropped), 1);
}

static void put_packed(filch_self self, void *letters)
{
    static payload one;
    packing.panics = true;
    put_one(letters, &one);
}

FILCH_VOID_TASK(pack_in_vain, (filch_dead_letter_queue *, letters))
{
    cr_assert_eq(filch_try(self, put_packed, letters, NULL), -EPROTO);
    packing.panics = false;
}

Test(dead_letters_store, unpackable_payload_stays_with_caller)
{
    payload one = {.number = 42};
    filch_dead_letter_queue *letters = dead_letters_of(packed);
    filch_dead_letter_draft draft = draft_of(&one);
    packing.grows = true;
    cr_assert_eq(filch_dead_letter_queue_put(letters, &draft, NULL), -EINVAL);
    packing.grows = false;
    cr_assert_eq(signpost_count(&one.dropped), 0);
    cr_assert_eq(dead_letters_stats(letters).refused, 1);
    filch_runtime *rt = config_runtime(2, 0);
    FILCH_RUN(rt, pack_in_vain, letters);
    cr_assert_eq(dead_letters_stats(letters).kept, 0);
    OK(filch_runtime_destroy(rt));
    filch_dead_letter_queue_destroy(letters);
}

/* ---- Metrics ---- */

static exposition text;

static double shown(filch_metrics *metrics, const char *series)
{
    return exposition_value(exposition_written(metrics, &text), series);
}

Test(dead_letters_store, metrics_count_each_operation)
{
    static payload all[5];
    int full = -EAGAIN;
    filch_metrics *metrics;
    filch_dead_letter_queue *letters =
        failing_letters((filch_dead_letter_queue_config){.name = "mail", .max = 4});
    OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_metrics_add_dead_letters(metrics, letters), 0, "%s", filch_error());
    cr_assert_eq(filch_metrics_add_dead_letters(metrics, letters), -EEXIST);
    cr_assert_eq(filch_metrics_add_dead_letters(NULL, letters), -EINVAL);
    cr_assert_eq(filch_metrics_add_dead_letters(metrics, NULL), -EINVAL);
    for (unsigned i = 0; i < 5; i++)
        put_one(letters, &all[i]);
    filch_dead_letter_queue_remove(letters, 2);
    filch_dead_letter_queue_requeue(letters, 3, payload_submit, NULL);
    filch_dead_letter_queue_requeue(letters, 4, payload_submit, &full);
    cr_assert_eq(shown(metrics, "filch_dead_letters_put_total{letters=\"mail\"}"), 5);
    cr_assert_eq(shown(metrics, "filch_dead_letters_returned_total{letters=\"mail\"}"), 1);
    cr_assert_eq(shown(metrics, "filch_dead_letters_gone_total{letters=\"mail\",way=\"dropped\"}"),
                 1);
    cr_assert_eq(shown(metrics, "filch_dead_letters_gone_total{letters=\"mail\",way=\"purged\"}"),
                 1);
    cr_assert_eq(shown(metrics, "filch_dead_letters_gone_total{letters=\"mail\",way=\"requeued\"}"),
                 1);
    cr_assert_eq(shown(metrics, "filch_dead_letters_kept{letters=\"mail\"}"), 2);
    store.count = -EIO;
    double unknown = shown(metrics, "filch_dead_letters_kept{letters=\"mail\"}");
    cr_assert_neq(unknown, unknown, "not a number");
    store.count = 0;
    cr_assert_gt(filch_metrics_remove(metrics, letters), 0);
    filch_metrics_destroy(metrics);
    filch_dead_letter_queue_destroy(letters);
}

/* Letters by id: the tree finds what an array of flags finds, and is not deep. */

enum { MANY = 4096 };

static fl_dead_letter letters[MANY + 1]; /* by id */

static unsigned depth_of(const fl_dead_letter *tree)
{
    if (!tree)
        return 0;
    unsigned left = depth_of(tree->left), right = depth_of(tree->right);
    return 1 + (left > right ? left : right);
}

static void add(fl_dead_letter **root, uint64_t id)
{
    letters[id].is.id = id;
    fl_tree_add(root, &letters[id]);
}

Test(dead_letters_tree, ascending_ids_make_no_deep_tree)
{
    fl_dead_letter *root = NULL;
    for (uint64_t id = 1; id <= MANY; id++)
        add(&root, id);
    cr_assert_lt(depth_of(root), 48); /* the ranks do not change: it is 29 */
    for (uint64_t id = 0; id < MANY; id++)
        cr_assert_eq(fl_tree_above(root, id), &letters[id + 1]);
    cr_assert_null(fl_tree_above(root, MANY));
    for (uint64_t id = 1; id <= MANY; id++)
        cr_assert_eq(fl_tree_take(&root, id), &letters[id]);
    cr_assert_null(root);
}

Test(dead_letters_tree, finds_exactly_present_ids)
{
    enum { IDS = 200, STEPS = 20000 };
    static bool there[IDS + 2];
    fl_dead_letter *root = NULL;
    uint64_t random = stress_seed();
    for (unsigned i = 0; i < STEPS; i++) {
        random = stress_mix(random + i);
        uint64_t id = 1 + random % IDS, above = id + 1;
        if (there[id])
            cr_assert_eq(fl_tree_take(&root, id), &letters[id]);
        else if (random >> 60)
            cr_assert_null(fl_tree_take(&root, id));
        if (there[id] || random >> 63)
            there[id] = !there[id];
        if (there[id])
            add(&root, id);
        while (above <= IDS && !there[above])
            above++;
        cr_assert_eq(fl_tree_above(root, id), above <= IDS ? &letters[above] : NULL);
    }
}
