/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters that are put in again or thrown away: none is lost, none goes twice. */
#include <filch/filch.h>
#include <filch/pools.h>
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/dead_letters_requeue.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { SOME = 10 };

static payload all[SOME];

static filch_dead_letter_queue *filled(filch_dead_letter_queue_config config)
{
    filch_dead_letter_queue *letters = dead_letters_of(config);
    memset(all, 0, sizeof all);
    for (unsigned i = 0; i < SOME; i++) {
        all[i].number = i;
        put_one(letters, &all[i]);
    }
    return letters;
}

static uint64_t first_of(filch_dead_letter_queue *letters)
{
    filch_dead_letter *one;
    if (filch_dead_letter_queue_next(letters, 0, &one))
        return 0;
    uint64_t id = one->id;
    filch_dead_letter_release(one);
    return id;
}

/* ---- One ---- */

Test(dead_letters_requeue, submitted_payload_belongs_to_job)
{
    filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 0});
    filch_dead_letter *held;
    OK(filch_dead_letter_queue_next(letters, 0, &held));
    OK(filch_dead_letter_queue_requeue(letters, 1, payload_submit, NULL));
    filch_dead_letter_release(held);
    cr_assert_eq(signpost_count(&all[0].submitted), 1);
    cr_assert_eq(signpost_count(&all[0].dropped), 0);
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 1, payload_submit, NULL), -ENOENT);
    cr_assert_eq(dead_letters_stats(letters).requeued, 1);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
    cr_assert_eq(signpost_count(&all[0].dropped), 0);
    cr_assert_eq(signpost_count(&all[1].dropped), 1);
}

Test(dead_letters_requeue, unsubmitted_letter_keeps_its_place)
{
    filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 0});
    int full = -EAGAIN, odd = 5;
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 1, payload_submit, &full), -EAGAIN);
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 1, payload_submit, &odd), -EINVAL);
    cr_assert_eq(first_of(letters), 1);
    cr_assert_eq(signpost_count(&all[0].dropped), 0);
    cr_assert_eq(dead_letters_stats(letters).returned, 2);
    cr_assert_eq(dead_letters_stats(letters).kept, SOME);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

/* The letter is taken while it runs. */
static int look_around(const filch_dead_letter *letter, void *arg)
{
    filch_dead_letter_queue *letters = arg;
    filch_dead_letter *next;
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, letter->id, payload_submit, NULL),
                 -EBUSY);
    cr_assert_eq(filch_dead_letter_queue_remove(letters, letter->id), -EBUSY);
    OK(filch_dead_letter_queue_next(letters, letter->id - 1, &next));
    cr_assert_eq(next->id, letter->id + 1);
    filch_dead_letter_release(next);
    cr_assert_eq(dead_letters_stats(letters).taken, 1);
    OK(filch_dead_letter_queue_purge(letters, 0, NULL));
    cr_assert_eq(first_of(letters), 0);
    return -EAGAIN;
}

Test(dead_letters_requeue, taken_letter_is_out_of_reach)
{
    filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 0});
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, 5, look_around, letters), -EAGAIN);
    cr_assert_eq(first_of(letters), 5, "and back");
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

static int fill_up(const filch_dead_letter *letter, void *arg)
{
    static payload more[3];
    for (unsigned i = 0; i < 3; i++)
        put_one(arg, &more[i]);
    return -EAGAIN;
}

Test(dead_letters_requeue, returned_letter_survives_maximum)
{
    filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 3});
    cr_assert_eq(filch_dead_letter_queue_requeue(letters, SOME, fill_up, letters), -EAGAIN);
    cr_assert_eq(first_of(letters), SOME);
    cr_assert_eq(dead_letters_stats(letters).kept, 4, "one above, until one comes");
    static payload last;
    put_one(letters, &last);
    cr_assert_eq(dead_letters_stats(letters).kept, 3);
    cr_assert_eq(first_of(letters), SOME + 2);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

static int explode(const filch_dead_letter *letter, void *arg)
{
    FILCH_PANIC(-EPROTO, "no");
}

static void requeue_badly(filch_self self, void *letters)
{
    filch_dead_letter_queue_requeue_all(letters, explode, NULL, NULL);
}

FILCH_VOID_TASK(requeue_in_vain, (filch_dead_letter_queue *, letters))
{
    cr_assert_eq(filch_try(self, requeue_badly, letters, NULL), -EPROTO);
}

Test(dead_letters_requeue, panicking_submission_leaves_letter)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 0});
        FILCH_RUN(rt, requeue_in_vain, letters);
        cr_assert_eq(first_of(letters), 1);
        cr_assert_eq(dead_letters_stats(letters).returned, 1);
        cr_assert_eq(dead_letters_stats(letters).taken, 0);
        filch_dead_letter_queue_destroy(letters);
        cr_assert_eq(signpost_count(&all[0].dropped), 1);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}

/* ---- All ---- */

static int submit_even(const filch_dead_letter *letter, void *arg)
{
    const payload *one = letter->data;
    return one->number % 2 ? -(int)one->number : payload_submit(letter, arg);
}

Test(dead_letters_requeue, all_are_tried_though_some_fail)
{
    size_t count;
    filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 0});
    cr_assert_eq(filch_dead_letter_queue_requeue_all(letters, submit_even, NULL, &count), -1,
                 "the first");
    cr_assert_eq(count, SOME / 2);
    for (unsigned i = 0; i < SOME; i++)
        cr_assert_eq(signpost_count(&all[i].submitted), i % 2 == 0);
    OK(filch_dead_letter_queue_requeue_all(letters, payload_submit, NULL, &count));
    cr_assert_eq(count, SOME / 2);
    OK(filch_dead_letter_queue_requeue_all(letters, payload_submit, NULL, &count));
    cr_assert_eq(count, 0);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

/* Its job fails again at once. */
static int fail_again(const filch_dead_letter *letter, void *letters)
{
    put_one(letters, letter->data);
    return 0;
}

Test(dead_letters_requeue, letters_returning_meanwhile_are_not_retried)
{
    size_t count;
    filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 0});
    cr_assert_eq(filch_dead_letter_queue_remove(letters, SOME), 0, "the newest is no more");
    OK(filch_dead_letter_queue_requeue_all(letters, fail_again, letters, &count));
    cr_assert_eq(count, SOME - 1);
    cr_assert_eq(first_of(letters), SOME + 1);
    cr_assert_eq(dead_letters_stats(letters).kept, SOME - 1);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
    for (unsigned i = 0; i < SOME; i++)
        cr_assert_eq(signpost_count(&all[i].dropped), 1);
}

/* ---- Purging ---- */

Test(dead_letters_requeue, purge_removes_old_letters)
{
    size_t count;
    filch_dead_letter_queue *letters = dead_letters_of((filch_dead_letter_queue_config){.max = 0});
    memset(all, 0, sizeof all);
    for (unsigned i = 0; i < SOME; i++) {
        filch_dead_letter_draft draft = draft_of(&all[i]);
        draft.last = 1 + 10 * (i ^ 1); /* not in the order of ids */
        cr_assert_eq(fl_dead_letters_put(letters, &draft, NULL, (fl_moment){.now = 0, .date = 0}),
                     0);
    }
    cr_assert_eq(fl_dead_letters_purge(letters, 1000, &count, 1000), 0);
    cr_assert_eq(count, 0);
    cr_assert_eq(fl_dead_letters_purge(letters, 959, &count, 1000), 0);
    cr_assert_eq(count, 5, "from 1 to 41");
    for (unsigned i = 0; i < SOME; i++)
        cr_assert_eq(signpost_count(&all[i].dropped), (i ^ 1) < 5, "%u", i);
    OK(filch_dead_letter_queue_purge(letters, 0, &count));
    cr_assert_eq(count, 5);
    cr_assert_eq(dead_letters_stats(letters).purged, SOME);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

Test(dead_letters_requeue, removing_takes_one)
{
    filch_dead_letter_queue *letters = filled((filch_dead_letter_queue_config){.max = 0});
    OK(filch_dead_letter_queue_remove(letters, 4));
    cr_assert_eq(filch_dead_letter_queue_remove(letters, 4), -ENOENT);
    cr_assert_eq(signpost_count(&all[3].dropped), 1);
    cr_assert_eq(dead_letters_stats(letters).kept, SOME - 1);
    dead_letters_balance(letters);
    filch_dead_letter_queue_destroy(letters);
}

static void drop_with_a_bang(void *data)
{
    payload_drop(data);
    FILCH_PANIC(-EPROTO, "no end");
}

static void put_more(filch_self self, void *letters)
{
    filch_dead_letter_draft draft = draft_of(&all[1]);
    filch_dead_letter_queue_put(letters, &draft, NULL);
}

FILCH_VOID_TASK(put_over_the_maximum, (filch_dead_letter_queue *, letters))
{
    filch_dead_letter_draft draft = draft_of(&all[0]);
    draft.drop = drop_with_a_bang;
    OK(filch_dead_letter_queue_put(letters, &draft, NULL));
    cr_assert_eq(filch_try(self, put_more, letters, NULL), -EPROTO);
}

Test(dead_letters_requeue, panicking_destructor_keeps_counts_right)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_dead_letter_queue *letters =
            dead_letters_of((filch_dead_letter_queue_config){.max = 1});
        memset(all, 0, sizeof all);
        FILCH_RUN(rt, put_over_the_maximum, letters);
        cr_assert_eq(dead_letters_stats(letters).dropped, 1);
        cr_assert_eq(dead_letters_stats(letters).kept, 1);
        dead_letters_balance(letters);
        filch_dead_letter_queue_destroy(letters);
        cr_assert_eq(signpost_count(&all[0].dropped), 1);
        cr_assert_eq(signpost_count(&all[1].dropped), 1);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}
