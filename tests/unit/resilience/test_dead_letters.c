/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters: a letter is listed as it was put, until it is removed, too old, or one too many. */
#include <filch/filch.h>
#include <filch/pools.h>
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/dead_letters_memory.h>
#include <runtime/resilience/dead_letters_requeue.h>
#include <tests/support/pools.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { SOME = 10 };

/* ---- One letter ---- */

Test(letters, a_letter_has_the_stored_fields)
{
    payload one = {.number = 1};
    filch_dead_letter *letter;
    filch_dead_letter_queue *letters = dead_letters_of((filch_dead_letter_queue_config){.max = 0});
    filch_dead_letter_draft draft = draft_of(&one);
    fl_moment at = {.now = 1000, .date = 500000};
    uint64_t id;
    draft.first = 200;
    draft.last = 900;
    cr_assert_eq(fl_dead_letters_put(letters, &draft, &id, at), 0);
    OK(filch_dead_letter_queue_next(letters, 0, &letter));
    cr_assert_eq(letter->id, id);
    cr_assert_str_eq(letter->name, "mail");
    cr_assert_neq(letter->name, draft.name, "a copy");
    cr_assert_eq(letter->failure.code, -EIO);
    cr_assert_str_eq(letter->failure.message, "no");
    cr_assert_eq(letter->failure.line, 7);
    cr_assert_eq(letter->failure.task, letter->name);
    cr_assert_eq(letter->attempts, 3);
    cr_assert_eq(letter->first, 499200);
    cr_assert_eq(letter->last, 499900);
    cr_assert_eq(letter->expires, FILCH_FOREVER);
    cr_assert_eq(letter->data, &one);
    cr_assert_eq(letter->size, 0);
    filch_dead_letter_queue_destroy(letters);
    cr_assert_eq(signpost_count(&one.dropped), 0, "somebody holds it");
    filch_dead_letter_release(letter);
    cr_assert_eq(signpost_count(&one.dropped), 1);
    filch_dead_letter_release(NULL);
}

Test(letters, unset_fields_have_defaults)
{
    filch_dead_letter *letter;
    filch_dead_letter_queue *letters = NULL;
    OK(filch_dead_letter_queue_create(&letters, NULL));
    int64_t before = fl_dead_letters_moment().date;
    OK(filch_dead_letter_queue_put(letters, &(filch_dead_letter_draft){.attempts = 1}, NULL));
    OK(filch_dead_letter_queue_next(letters, 0, &letter));
    cr_assert_str_eq(letter->name, "(a job)");
    cr_assert_eq(letter->failure.code, 0);
    cr_assert_eq(letter->first, letter->last);
    cr_assert_geq(letter->last, before);
    cr_assert_null(letter->data);
    filch_dead_letter_release(letter);
    filch_dead_letter_queue_destroy(letters);
}

Test(letters, bytes_are_copied)
{
    char text[] = "an undeliverable letter";
    filch_dead_letter *letter;
    filch_dead_letter_queue *letters = dead_letters_of((filch_dead_letter_queue_config){.max = 1});
    filch_dead_letter_draft draft = {.data = text, .size = sizeof text, .drop = payload_drop};
    OK(filch_dead_letter_queue_put(letters, &draft, NULL));
    text[0] = '-';
    OK(filch_dead_letter_queue_next(letters, 0, &letter));
    cr_assert_eq(letter->size, sizeof text);
    cr_assert_str_eq(letter->data, "an undeliverable letter");
    cr_assert_eq((uintptr_t)letter->data % _Alignof(max_align_t), 0);
    filch_dead_letter_queue_destroy(letters);
    cr_assert_str_eq(letter->data, "an undeliverable letter", "it is held");
    filch_dead_letter_release(letter);
}

/* ---- Listing ---- */

Test(letters, pages_neither_miss_nor_repeat_letters)
{
    static payload all[SOME];
    filch_dead_letter *page[4];
    size_t count;
    filch_dead_letter_queue *letters = dead_letters_of((filch_dead_letter_queue_config){.max = 0});
    for (unsigned i = 0; i < SOME; i++)
        put_one(letters, &all[i]);
    OK(filch_dead_letter_queue_list(letters, 0, page, 4, &count));
    cr_assert_eq(count, 4);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(page[i]->data, &all[i]);
        filch_dead_letter_release(page[i]);
    }
    cr_assert_eq(filch_dead_letter_queue_remove(letters, 2), 0, "before the mark");
    cr_assert_eq(filch_dead_letter_queue_remove(letters, 4), 0, "the mark itself");
    cr_assert_eq(filch_dead_letter_queue_remove(letters, 6), 0, "behind it");
    static payload late;
    cr_assert_eq(put_one(letters, &late), SOME + 1);
    static const uint64_t rest[] = {5, 7, 8, 9, 10, 11};
    uint64_t at = 4;
    for (unsigned i = 0; i < 6; i++) {
        OK(filch_dead_letter_queue_list(letters, at, page, 1, &count));
        cr_assert_eq(count, 1);
        at = page[0]->id;
        cr_assert_eq(at, rest[i]);
        filch_dead_letter_release(page[0]);
    }
    OK(filch_dead_letter_queue_list(letters, at, page, 4, &count));
    cr_assert_eq(count, 0);
    cr_assert_eq(filch_dead_letter_queue_next(letters, UINT64_MAX, page), -ENOENT);
    filch_dead_letter_queue_destroy(letters);
    for (unsigned i = 0; i < SOME; i++)
        cr_assert_eq(signpost_count(&all[i].dropped), 1);
}

/* ---- Too many, too old ---- */

Test(letters, maximum_drops_and_counts_oldest)
{
    static payload all[SOME];
    filch_dead_letter *letter;
    filch_dead_letter_queue *letters = dead_letters_of((filch_dead_letter_queue_config){.max = 3});
    for (unsigned i = 0; i < SOME; i++) {
        put_one(letters, &all[i]);
        cr_assert_eq(dead_letters_stats(letters).kept, i < 3 ? i + 1 : 3);
    }
    for (unsigned i = 0; i < SOME; i++)
        cr_assert_eq(signpost_count(&all[i].dropped), i < SOME - 3);
    cr_assert_eq(dead_letters_stats(letters).dropped, SOME - 3);
    OK(filch_dead_letter_queue_next(letters, 0, &letter));
    cr_assert_eq(letter->id, SOME - 2);
    filch_dead_letter_release(letter);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

static void put_at(filch_dead_letter_queue *letters, payload *one, int64_t date)
{
    filch_dead_letter_draft draft = draft_of(one);
    cr_assert_eq(fl_dead_letters_put(letters, &draft, NULL, (fl_moment){.now = 1, .date = date}),
                 0);
}

Test(letters, letters_expire_exactly_on_time)
{
    static payload all[3];
    filch_dead_letter *letter;
    filch_dead_letter_queue_stats stats;
    filch_dead_letter_queue *letters =
        dead_letters_of((filch_dead_letter_queue_config){.ttl = 100});
    for (unsigned i = 0; i < 3; i++)
        put_at(letters, &all[i], 1000 + 10 * (int64_t)i);
    cr_assert_eq(fl_dead_letters_next(letters, 0, &letter, 1099), 0);
    cr_assert_eq(letter->id, 1);
    cr_assert_eq(letter->expires, 1100);
    filch_dead_letter_release(letter);
    cr_assert_eq(fl_dead_letters_next(letters, 0, &letter, 1110), 0);
    cr_assert_eq(letter->id, 3);
    filch_dead_letter_release(letter);
    cr_assert_eq(signpost_count(&all[0].dropped), 1);
    cr_assert_eq(signpost_count(&all[1].dropped), 1);
    cr_assert_eq(fl_dead_letters_requeue(letters, 3, payload_submit, NULL, 1120), -ENOENT);
    cr_assert_eq(signpost_count(&all[2].submitted), 0);
    cr_assert_eq(signpost_count(&all[2].dropped), 1);
    cr_assert_eq(fl_dead_letters_stats_read(letters, &stats, 1120), 0);
    cr_assert_eq(stats.expired, 3);
    cr_assert_eq(stats.kept, 0);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

Test(letters, put_purges_more_than_it_adds)
{
    static payload all[SOME], later[SOME / 2];
    filch_dead_letter_queue_stats stats;
    filch_dead_letter_queue *letters =
        dead_letters_of((filch_dead_letter_queue_config){.ttl = 100});
    for (unsigned i = 0; i < SOME; i++)
        put_at(letters, &all[i], 1000);
    for (unsigned i = 0; i < SOME / 2; i++)
        put_at(letters, &later[i], 2000);
    for (unsigned i = 0; i < SOME; i++)
        cr_assert_eq(signpost_count(&all[i].dropped), 1);
    cr_assert_eq(fl_dead_letters_stats_read(letters, &stats, 2000), 0);
    cr_assert_eq(stats.expired, SOME);
    cr_assert_eq(stats.kept, SOME / 2);
    filch_dead_letter_queue_destroy(letters);
}

Test(letters, infinite_ttl_does_not_overflow)
{
    payload one = {.number = 1};
    filch_dead_letter *letter;
    filch_dead_letter_queue *letters =
        dead_letters_of((filch_dead_letter_queue_config){.ttl = FILCH_FOREVER});
    put_one(letters, &one);
    OK(filch_dead_letter_queue_next(letters, 0, &letter));
    cr_assert_eq(letter->expires, FILCH_FOREVER);
    filch_dead_letter_release(letter);
    filch_dead_letter_queue_destroy(letters);
}

/* ---- From everywhere ---- */

enum { TASKS = 6, THREADS = 3, EACH = 50 };

static payload many[(TASKS + THREADS) * EACH];

static void put_many(filch_self self, void *letters, unsigned index)
{
    for (unsigned i = 0; i < EACH; i++) {
        put_one(letters, &many[index * EACH + i]);
        if (i % 8 == 0)
            party_gives_way(self);
    }
}

Test(letters, tasks_and_threads_put_at_once)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 100000);
        filch_dead_letter_queue *letters =
            dead_letters_of((filch_dead_letter_queue_config){.max = 0});
        unsigned count = 0;
        memset(many, 0, sizeof many);
        parties_meet(rt, TASKS, THREADS, put_many, letters);
        filch_dead_letter *one;
        for (uint64_t at = 0; !filch_dead_letter_queue_next(letters, at, &one);
             filch_dead_letter_release(one)) {
            cr_assert_eq(one->id, at + 1, "%s", config_name(c));
            at = one->id;
            count++;
        }
        cr_assert_eq(count, (TASKS + THREADS) * EACH);
        filch_dead_letter_queue_destroy(letters);
        for (unsigned i = 0; i < (TASKS + THREADS) * EACH; i++)
            cr_assert_eq(signpost_count(&many[i].dropped), 1);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Misuse ---- */

Test(letters, bad_arguments_are_refused)
{
    filch_dead_letter_queue *letters = NULL;
    filch_dead_letter *one;
    size_t count;
    filch_dead_letter_queue_stats stats;
    filch_dead_letter_store lacking = fl_dead_letters_memory;
    lacking.trim = NULL;
    cr_assert_eq(filch_dead_letter_queue_create(NULL, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_create(&letters,
                                                &(filch_dead_letter_queue_config){.ttl = -1}),
                 -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_create(&letters,
                                                &(filch_dead_letter_queue_config){.store =
                                                                                      &lacking}),
                 -EINVAL);
    cr_assert_null(letters);
    letters = dead_letters_of((filch_dead_letter_queue_config){.max = 1});
    cr_assert_eq(filch_dead_letter_queue_put(NULL, &(filch_dead_letter_draft){.attempts = 1}, NULL),
                 -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_put(letters, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_put(letters, &(filch_dead_letter_draft){.size = 1}, NULL),
                 -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_next(NULL, 0, &one), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_next(letters, 0, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_list(letters, 0, &one, 1, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_list(NULL, 0, &one, 1, &count), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 1, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 1, payload_submit, NULL), -ENOENT);
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 0, payload_submit, NULL), -ENOENT);
    cr_assert_eq(filch_dead_letter_queue_requeue_all(NULL, payload_submit, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_purge(letters, -1, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_remove(letters, 1), -ENOENT);
    cr_assert_eq(filch_dead_letter_queue_remove(NULL, 1), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_stats_read(letters, NULL, 0), -EINVAL);
    cr_assert_eq(filch_dead_letter_queue_stats_read(NULL, &stats, sizeof stats), -EINVAL);
    cr_assert_eq(filch_dead_letter_create(&one, NULL), -EINVAL);
    cr_assert_eq(filch_dead_letter_create(&one, &(filch_dead_letter){.size = 1}), -EINVAL);
    filch_dead_letter_queue_destroy(letters);
    filch_dead_letter_queue_destroy(NULL);
}
