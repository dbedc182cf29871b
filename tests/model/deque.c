/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The ready deque against thieves, with growth and reclamation. Real: sched/deque, the steal of
 * runtime/engine/steal.c with its read-side section, the creation of a worker and how it retires
 * old buffers (runtime/engine/worker.c; the first buffer holds two items). Played: grace periods
 * (system/rcu.c), whose callbacks run in a thread of their own.
 *
 * The owner follows a script: P pushes the next item, O pops one; items are numbers, from 1 on.
 * Claims: each item is taken once, by one thread, which sees the writes before its push; the owner
 * gets the newest, a thief the oldest; none is lost. */
#include <runtime/engine/steal.h>
#include <runtime/engine/worker.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { OWNER = 0, THIEVES = 3, ITEMS = 9 };

static struct shape {
    const char *script;
    unsigned thieves, attempts; /* of each */
    bool scarce;                /* any allocation may fail */
    bool grows;                 /* the last thread reclaims */
    bool patient;               /* a thief looks what kind an only item has */
    bool bare;                  /* items without a payload: no plain access gives a race away */
} shape;
static fl_worker *worker[1 + THIEVES];
static filch_runtime rt;
static uint32_t payload[1 + ITEMS];

/* ---- Bookkeeping of the taken items ---- */

static struct {
    unsigned pushed, got[1 + ITEMS];
    bool refused[1 + ITEMS];
    uintptr_t own[ITEMS]; /* items the owner's pops return unless stolen */
    unsigned owned;
    uintptr_t last[1 + THIEVES]; /* each thread's last steal */
    unsigned ended, objects;     /* objects: before */
} book;

MC_UNCHECKED static uintptr_t next_item(void)
{
    return book.own[book.owned++] = ++book.pushed;
}

MC_UNCHECKED static void refuse(uintptr_t item)
{
    MC_CLAIM(shape.scarce, "a push is refused although there is memory");
    book.refused[item] = true;
    book.owned--;
}

/* false: the claim broke where nothing stops by itself, in finish. */
MC_UNCHECKED static bool record(uintptr_t item)
{
    bool known = item > 0 && item <= book.pushed && !book.refused[item];
    MC_CLAIM(known, "an item is got that was never pushed");
    if (known)
        MC_CLAIM(!book.got[item]++, "an item is got twice");
    return known;
}

MC_UNCHECKED static void record_pop(uintptr_t item)
{
    MC_CLAIM(book.owned && book.own[--book.owned] == item, "the owner gets not the newest item");
}

MC_UNCHECKED static void record_nothing_to_pop(void)
{
    book.owned = 0;
}

MC_UNCHECKED static void record_steal(unsigned thief, uintptr_t item)
{
    MC_CLAIM(item > book.last[thief], "a thief gets not the oldest item");
    book.last[thief] = item;
}

MC_UNCHECKED static void record_end(void)
{
    book.ended++;
}

/* ---- Threads ---- */

static void look_at(uintptr_t item)
{
    if (record(item) && !shape.bare)
        MC_CLAIM(payload[item] == ~(uint32_t)item, "an item comes without its payload");
}

static void push(void)
{
    uintptr_t item = next_item();
    if (!shape.bare)
        payload[item] = ~(uint32_t)item;
    if (fl_deque_push(&worker[OWNER]->ready, (void *)item))
        refuse(item);
}

static void pop(void)
{
    uintptr_t item = (uintptr_t)fl_deque_pop(&worker[OWNER]->ready);
    if (!item) {
        record_nothing_to_pop();
        return;
    }
    look_at(item);
    record_pop(item);
}

static void steal(unsigned thief)
{
    uintptr_t item = (uintptr_t)(shape.patient ? fl_steal_item(worker[thief])
                                               : fl_steal_item_from(worker[thief], worker[OWNER]));
    if (!item)
        return;
    look_at(item);
    record_steal(thief, item);
}

static void body(unsigned thread)
{
    if (thread > shape.thieves)
        rcu_reclaimer();
    for (const char *at = shape.script; thread == OWNER && *at; at++)
        if (*at == 'P')
            push();
        else
            pop();
    for (unsigned i = 0; thread != OWNER && i < shape.attempts; i++)
        steal(thread);
    record_end();
}

static bool may_rest(void)
{
    return shape.grows && book.ended == 1 + shape.thieves && rcu_rests();
}

/* ---- Before and after ---- */

static unsigned owner_alone(const fl_search *search)
{
    (void)search;
    return OWNER;
}

static const fl_policy policy = {"owner", "there is one victim", owner_alone};

static void name_everything(void)
{
    fl_deque *deque = &worker[OWNER]->ready;
    fl_buffer *first = filch_ptr_load(&deque->buffer, FILCH_RELAXED);
    mc_name(&deque->top, "top");
    mc_name(&deque->bottom, "bottom");
    mc_name(&deque->buffer, "buffer");
    mc_name(first, "first buffer");
    mc_name(&first->items[0], "first[0]");
    mc_name(&first->items[1], "first[1]");
    mc_name(payload, "payload");
}

static void lay_out(struct shape chosen)
{
    unsigned readers = 0;
    shape = chosen;
    memset(&book, 0, sizeof book);
    memset(&rt, 0, sizeof rt);
    fl_worker_set_init(&rt.worker_set, 2, 2); /* a thief looks at one victim an attempt */
    rt.worker = worker;
    filch_ptr_store(&rt.policy, (void *)(uintptr_t)&policy, FILCH_RELAXED);
    mc_ignore(&rt, sizeof rt);
    statistics_setup();
    heap_setup(shape.scarce);
    for (unsigned i = 0; i <= shape.thieves; i++) {
        if (fl_worker_create(&rt, i, &worker[i]))
            return; /* told by the checker */
        statistics_ignore(worker[i], false);
        mc_own(i, worker[i], sizeof *worker[i]);
        readers |= i == OWNER ? 0 : 1u << i;
    }
    rcu_setup(readers);
    book.objects = mc_objects();
    name_everything();
}

/* Of an empty deque, by its owner alone: the looks, which decide nothing, tell the truth. */
static void check_looks(fl_deque *deque)
{
    const fl_buffer *buffer = filch_ptr_load(&deque->buffer, FILCH_RELAXED);
    int64_t size = buffer->size, count = 0;
    MC_CLAIM(!fl_deque_peek(deque) && !fl_deque_look(deque), "an empty deque shows an item");
    for (; count < size && !fl_deque_full(deque); count++) {
        fl_deque_push(deque, (void *)(uintptr_t)(count + 1));
        MC_CLAIM(fl_deque_peek(deque) == (void *)(uintptr_t)(count + 1),
                 "the newest item is not shown");
        MC_CLAIM(fl_deque_look(deque) == (void *)(uintptr_t)1, "the oldest item is not shown");
    }
    MC_CLAIM(count == size && fl_deque_full(deque), "a deque is full, and does not know");
}

static void finish(void)
{
    uintptr_t item = 0;
    for (unsigned i = 0; i < ITEMS; i++) { /* a broken one may never be empty */
        item = (uintptr_t)fl_deque_pop(&worker[OWNER]->ready);
        if (!item || !record(item))
            break;
        for (unsigned j = 1; j <= shape.thieves; j++)
            MC_CLAIM(item > book.last[j], "a thief gets not the oldest item");
    }
    for (unsigned i = 1; i <= book.pushed; i++)
        MC_CLAIM(book.got[i] || book.refused[i], "an item is lost");
    MC_CLAIM(!shape.grows || shape.scarce || mc_objects() == book.objects,
             "an old buffer is not freed");
    statistics_reached(worker, 1 + shape.thieves);
    if (!item)
        check_looks(&worker[OWNER]->ready);
}

MC_SHAPE(PPOO, .script = "PPOO", .thieves = 1, .attempts = 1, .patient = true)
MC_SHAPE(PPOO_twice, .script = "PPOO", .thieves = 1, .attempts = 2)
MC_SHAPE(POPO, .script = "POPO", .thieves = 1, .attempts = 2)
MC_SHAPE(PPOO_bare, .script = "PPOO", .thieves = 1, .attempts = 2, .bare = true)
MC_SHAPE(POPO_bare, .script = "POPO", .thieves = 1, .attempts = 1, .bare = true)
MC_SHAPE(laps, .script = "POPOPOPOP", .thieves = 1, .attempts = 1)
MC_SHAPE(PPOO_two, .script = "PPOO", .thieves = 2, .attempts = 1)
MC_SHAPE(PPO_three, .script = "PPO", .thieves = 3, .attempts = 1)
MC_SHAPE(PPPOO, .script = "PPPOO", .thieves = 1, .attempts = 1, .grows = true, .patient = true)
MC_SHAPE(PPPO_two, .script = "PPPO", .thieves = 2, .attempts = 1, .grows = true)
MC_SHAPE(PPPPPO, .script = "PPPPPO", .thieves = 1, .attempts = 2, .grows = true)
MC_SHAPE(PPPO_scarce, .script = "PPPO", .thieves = 1, .attempts = 1, .scarce = true, .grows = true)
MC_SHAPE(wrap, .script = "PPOPPOPPO", .thieves = 2, .attempts = 3, .grows = true, .patient = true)

#define ONE                                                                                        \
    {                                                                                              \
        "owner", "thief"                                                                           \
    }
#define TWO                                                                                        \
    {                                                                                              \
        "owner", "thief", "thief 2"                                                                \
    }
#define THREE                                                                                      \
    {                                                                                              \
        "owner", "thief", "thief 2", "thief 3"                                                     \
    }
#define ONE_AND_RECLAIMER                                                                          \
    {                                                                                              \
        "owner", "thief", "reclaimer"                                                              \
    }
#define TWO_AND_RECLAIMER                                                                          \
    {                                                                                              \
        "owner", "thief", "thief 2", "reclaimer"                                                   \
    }
#define ROW(name, what, threads, ...)                                                              \
    {                                                                                              \
#name, what, threads, setup_##name, body, finish, may_rest, __VA_ARGS__                    \
    }

#define STEALS .reaches = {"deque_steals", "missed_ready_lost", "missed_ready_empty"}
#define GROWS .reaches = {"deque_steals", "growths"}

const mc_model mc_models[] = {
    ROW(PPOO, "two items, one thief", ONE, .bound = 0, STEALS),
    ROW(PPOO_twice, "two items, a thief that looks twice", ONE, .bound = 0, STEALS),
    ROW(POPO, "one item at a time, a thief that looks twice", ONE, .bound = 0, STEALS),
    ROW(PPOO_bare, "two items that are numbers and no more", ONE, .bound = 0, STEALS),
    ROW(POPO_bare, "the same, one at a time", ONE, .bound = 0, STEALS),
    ROW(laps, "twice around the buffer", ONE, .bound = 0, STEALS),
    ROW(PPOO_two, "two items, two thieves", TWO, .alike = ".aa", STEALS),
    ROW(PPO_three, "two items, three thieves", THREE, .alike = ".aaa", STEALS),
    ROW(PPPOO, "the third push grows, one thief", ONE_AND_RECLAIMER, .bound = 0, GROWS),
    ROW(PPPO_two, "the third push grows, two thieves", TWO_AND_RECLAIMER, .random = 20000, GROWS),
    ROW(PPPPPO, "grows twice, a thief that looks twice", ONE_AND_RECLAIMER, .random = 60000, GROWS),
    ROW(PPPO_scarce, "any allocation may fail", ONE_AND_RECLAIMER, .bound = 0, GROWS),
    ROW(wrap, "around the buffer, three attempts of two thieves", TWO_AND_RECLAIMER,
        .random = 20000, GROWS),
    {.name = NULL}};
