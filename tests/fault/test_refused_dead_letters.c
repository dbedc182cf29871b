/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters to which memory is refused: an error says so, nothing is held, and the data stays
 * the caller's. Letters that are there need none. */
#include <filch/filch.h>
#include <tests/support/dead_letters.h>
#include <tests/support/refuse.h>

static size_t pack_number(const void *data, void *bytes, size_t room, void *arg)
{
    const payload *one = data;
    (void)arg;
    if (room)
        memcpy(bytes, &one->number, sizeof one->number);
    return sizeof one->number;
}

Test(refused_dead_letters, a_queue_without_memory_is_refused)
{
    filch_dead_letters *letters = NULL;
    int64_t held = blocks;
    for (int64_t at = 0;; at++) {
        refuse(MEMORY, at, false);
        int rc = filch_dead_letters_create(&letters, NULL);
        if (!refuse_no_more(MEMORY))
            break;
        cr_assert_eq(rc, -ENOMEM);
        cr_assert_null(letters, "untouched");
        cr_assert_eq(blocks, held);
        cr_assert_lt(at, 10);
    }
    filch_dead_letters_destroy(letters);
    cr_assert_eq(blocks, held);
}

static void put_in_vain(filch_dead_letters *letters, const filch_dead_letter_draft *draft)
{
    int64_t held = blocks;
    uint64_t id = 77;
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_dead_letters_put(letters, draft, &id), -ENOMEM);
    cr_assert_eq(refuse_no_more(MEMORY), 1, "it is one block");
    cr_assert_eq(id, 77, "untouched");
    cr_assert_eq(blocks, held);
}

Test(refused_dead_letters, what_could_not_be_put_stays_the_callers)
{
    payload one = {.number = 1};
    int64_t held = blocks;
    filch_dead_letter_draft draft = draft_of(&one);
    filch_dead_letters *letters = letters_of((filch_dead_letters_config){.max = 1});
    filch_dead_letters *packed = letters_of((filch_dead_letters_config){.pack = pack_number});
    put_in_vain(letters, &draft);
    put_in_vain(packed, &draft);
    put_in_vain(letters, &(filch_dead_letter_draft){.data = &one, .size = sizeof one});
    put_in_vain(letters, &(filch_dead_letter_draft){.data = &one, .size = SIZE_MAX / 2});
    cr_assert_eq(signpost_count(&one.dropped), 0);
    cr_assert_eq(dead_letters_stats(letters).refused, 3);
    put_one(letters, &one);
    dead_letters_balance(letters);
    filch_dead_letters_destroy(letters);
    filch_dead_letters_destroy(packed);
    cr_assert_eq(signpost_count(&one.dropped), 1);
    cr_assert_eq(blocks, held);
}

Test(refused_dead_letters, what_is_there_needs_no_memory)
{
    enum { SOME = 20 };
    static payload all[SOME];
    size_t count;
    int full = -EAGAIN;
    filch_dead_letter *page[SOME];
    filch_dead_letters *letters = letters_of((filch_dead_letters_config){.max = SOME});
    for (unsigned i = 0; i < SOME; i++)
        put_one(letters, &all[i]);
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_dead_letters_list(letters, 0, page, SOME, &count), 0);
    for (unsigned i = 0; i < SOME; i++)
        filch_dead_letter_release(page[i]);
    cr_assert_eq(filch_dead_letters_requeue(letters, 3, payload_submit, &full), -EAGAIN);
    cr_assert_eq(filch_dead_letters_requeue(letters, 3, payload_submit, NULL), 0);
    cr_assert_eq(filch_dead_letters_remove(letters, 4), 0);
    cr_assert_eq(filch_dead_letters_purge(letters, 0, &count), 0);
    cr_assert_eq(count, SOME - 2);
    cr_assert_eq(refuse_no_more(MEMORY), 0);
    dead_letters_balance(letters);
    filch_dead_letters_destroy(letters);
}
