/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/dead_letters_memory.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

/* ---- Payloads ---- */

void payload_drop(void *data)
{
    signpost_raise(&((payload *)data)->dropped);
}

filch_dead_letter_draft draft_of(payload *one)
{
    static const filch_failure why = {.code = -EIO, .line = 7, .file = "mail.c", .message = "no"};
    return (filch_dead_letter_draft){
        .name = "mail", .failure = &why, .attempts = 3, .data = one, .drop = payload_drop};
}

int payload_submit(const filch_dead_letter *letter, void *arg)
{
    if (arg)
        return *(int *)arg;
    signpost_raise(&((payload *)letter->data)->submitted);
    return 0;
}

/* ---- Queues ---- */

filch_dead_letter_queue *dead_letters_of(filch_dead_letter_queue_config config)
{
    filch_dead_letter_queue *letters = NULL;
    cr_assert_eq(filch_dead_letter_queue_create(&letters, &config), 0, "%s", filch_error());
    return letters;
}

uint64_t put_one(filch_dead_letter_queue *letters, payload *one)
{
    uint64_t id = 0;
    filch_dead_letter_draft draft = draft_of(one);
    cr_assert_eq(filch_dead_letter_queue_put(letters, &draft, &id), 0, "%s", filch_error());
    return id;
}

filch_dead_letter_queue_stats dead_letters_stats(filch_dead_letter_queue *letters)
{
    filch_dead_letter_queue_stats all;
    cr_assert_eq(filch_dead_letter_queue_stats_read(letters, &all, sizeof all), 0, "%s",
                 filch_error());
    return all;
}

void dead_letters_balance(filch_dead_letter_queue *letters)
{
    filch_dead_letter_queue_stats all = dead_letters_stats(letters);
    cr_assert_eq(all.found + all.put,
                 all.kept + all.taken + all.requeued + all.purged + all.expired + all.dropped);
}

/* ---- A store in memory that fails ---- */

static int failing_put(void *store, filch_dead_letter *letter)
{
    failing *of = store;
    return of->put ? of->put : fl_dead_letters_memory.put(of->memory, letter);
}

static int failing_next(void *store, uint64_t after, filch_dead_letter **out)
{
    failing *of = store;
    return of->next ? of->next : fl_dead_letters_memory.next(of->memory, after, out);
}

static int failing_take(void *store, uint64_t id, filch_dead_letter **out)
{
    failing *of = store;
    return of->take ? of->take : fl_dead_letters_memory.take(of->memory, id, out);
}

static int failing_settle(void *store, uint64_t id, bool gone)
{
    failing *of = store;
    return of->settle ? of->settle : fl_dead_letters_memory.settle(of->memory, id, gone);
}

static int failing_remove(void *store, uint64_t id, filch_dead_letter **out)
{
    failing *of = store;
    return of->remove ? of->remove : fl_dead_letters_memory.remove(of->memory, id, out);
}

static int failing_trim(void *store, uint64_t most, filch_dead_letter **out)
{
    failing *of = store;
    return of->trim ? of->trim : fl_dead_letters_memory.trim(of->memory, most, out);
}

static int failing_count(void *store, filch_dead_letter_count *out)
{
    failing *of = store;
    return of->count ? of->count : fl_dead_letters_memory.count(of->memory, out);
}

static void failing_close(void *store)
{
    failing *of = store;
    of->closed++;
    fl_dead_letters_memory.close(of->memory);
}

const filch_dead_letter_store failing_store = {.put = failing_put,
                                               .next = failing_next,
                                               .take = failing_take,
                                               .settle = failing_settle,
                                               .remove = failing_remove,
                                               .trim = failing_trim,
                                               .count = failing_count,
                                               .close = failing_close};
