/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Selects against each other, over the same channels in any order, with deadlines and contexts:
 * exactly one case happens, nothing is lost or doubled. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { CHANNELS = 4, SENDERS = 4, RECEIVERS = 4, MOST = 2000 };
enum { CASES = 2 * CHANNELS + 2 };

typedef struct world {
    filch_channel *channels[CHANNELS];
    filch_context *context;
    uint64_t seed;
    unsigned count; /* of each sender */
    signpost senders, receivers, ended, wrong;
    signpost sent, received;
    signpost seen[SENDERS * MOST];
} world;

static void open_world(world *w, uint64_t seed, size_t capacity)
{
    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->count = stress_times(80);
    w->count = w->count > MOST ? MOST : w->count;
    for (int i = 0; i < CHANNELS; i++)
        w->channels[i] = channel_of(sizeof(uint32_t), capacity);
    if (filch_context_create(&w->context, NULL))
        filch_die("%s", filch_error());
}

/* Items left in them are received; nobody waits there any more. */
static void close_world(world *w)
{
    uint32_t item;
    for (int i = 0; i < CHANNELS; i++) {
        while (filch_channel_try_receive(w->channels[i], &item) == 0)
            signpost_raise(&w->seen[item]);
        if (channel_waiting(w->channels[i]))
            signpost_raise(&w->wrong);
        filch_channel_destroy(w->channels[i]);
    }
    filch_context_release(w->context);
}

/* ---- Many senders, many receivers ---- */

/* Any of the channels, in any order, some of them twice. */
static size_t some_sends(const world *w, filch_case *cases, uint32_t *item, uint64_t random)
{
    for (size_t i = 0; i < CHANNELS; i++, random /= CHANNELS)
        cases[i] = (filch_case)FILCH_SEND(w->channels[random % CHANNELS], item);
    return CHANNELS;
}

/* All of them, else senders could wait where nobody looks; from anywhere; some twice. */
static size_t all_receives(const world *w, filch_case *cases, uint32_t *item, uint64_t random)
{
    size_t count = CHANNELS + random / CHANNELS % CHANNELS;
    for (size_t i = 0; i < count; i++)
        cases[i] = (filch_case)FILCH_RECEIVE(w->channels[(random + i) % CHANNELS], item);
    return count;
}

static void sender(void *arg)
{
    world *w = arg;
    unsigned me = filch_u32_add(&w->senders, 1, FILCH_RELAXED);
    uint64_t random = stress_mix(w->seed + me);
    for (uint32_t item = me * MOST; item < me * MOST + w->count; random = stress_mix(random)) {
        filch_case cases[CASES];
        size_t count = some_sends(w, cases, &item, random);
        if (random >> 32 & 1)
            cases[count++] = (filch_case)FILCH_UNTIL(filch_in((int64_t)(random >> 33 & 0x3fff)));
        int chosen = filch_select(cases, count);
        if (chosen < 0 || cases[chosen].code)
            signpost_raise(&w->wrong);
        item += cases[chosen].kind == FILCH_CASE_SEND;
        stress_dawdle(random >> 8);
    }
    if (filch_u32_add(&w->ended, 1, FILCH_ACQ_REL) == SENDERS - 1)
        filch_context_cancel(w->context, 0);
}

static void receiver(void *arg)
{
    world *w = arg;
    uint64_t random = stress_mix(~w->seed - filch_u32_add(&w->receivers, 1, FILCH_RELAXED));
    for (;; random = stress_mix(random)) {
        uint32_t item = UINT32_MAX;
        filch_case cases[CASES];
        size_t count = all_receives(w, cases, &item, random);
        cases[count++] = (filch_case)FILCH_DONE(w->context);
        if (random >> 32 & 1)
            cases[count++] = (filch_case)FILCH_UNTIL(filch_in((int64_t)(random >> 33 & 0x3fff)));
        int chosen = filch_select(cases, count);
        const filch_case *one = &cases[chosen < 0 ? 0 : chosen];
        if (one->kind == FILCH_CASE_DONE)
            break;
        if (chosen < 0 || one->code || (one->kind == FILCH_CASE_RECEIVE) != (item != UINT32_MAX))
            signpost_raise(&w->wrong);
        else if (one->kind == FILCH_CASE_RECEIVE)
            signpost_raise(&w->seen[item]);
        stress_dawdle(random >> 8);
    }
}

static void every_item_once(crew *all, const char *name, size_t capacity, unsigned mix,
                            uint64_t seed)
{
    static world w;
    open_world(&w, seed, capacity);
    for (unsigned i = 0; i < SENDERS + RECEIVERS; i++)
        crew_start(all, mix >> i & 1 ? CREW_THREAD : CREW_TASK, i % 2 ? sender : receiver, &w);
    crew_wait(all);
    close_world(&w);
    cr_assert_eq(signpost_count(&w.wrong), 0, "%s, capacity %zu, threads %x", name, capacity, mix);
    for (unsigned from = 0; from < SENDERS; from++)
        for (unsigned i = 0; i < w.count; i++)
            cr_assert_eq(signpost_count(&w.seen[from * MOST + i]), 1,
                         "%s, capacity %zu, threads %x", name, capacity, mix);
}

Test(selects, each_item_arrives_once_across_channels)
{
    static const unsigned mixes[] = {0, 0xff, 0x55, 0xaa, 0x3c};
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (size_t capacity = 0; capacity < 3; capacity++)
            for (unsigned i = 0; i < 5; i++)
                every_item_once(&all, name, capacity, mixes[i], stress_mix(seed + i));
        crew_close(&all);
    }
}

/* ---- Who sends also receives, on the same channels, at the same time ---- */

static void swapper(void *arg)
{
    world *w = arg;
    unsigned me = filch_u32_add(&w->senders, 1, FILCH_RELAXED);
    for (uint64_t random = stress_mix(w->seed + me);; random = stress_mix(random)) {
        uint32_t mine = me, got = UINT32_MAX;
        filch_channel *one = w->channels[random % 2], *other = w->channels[random / 2 % 2];
        filch_case cases[] = {FILCH_SEND(one, &mine),
                              FILCH_RECEIVE(one, &got),
                              FILCH_RECEIVE(other, &got),
                              FILCH_SEND(other, &mine),
                              FILCH_DONE(w->context),
                              FILCH_UNTIL(filch_in((int64_t)(random >> 33 & 0xffff)))};
        int chosen = filch_select(cases, random & 64 ? 5 : 6);
        if (chosen == 4)
            break;
        bool receives = chosen == 1 || chosen == 2;
        if (chosen < 0 || cases[chosen].code || receives != (got != UINT32_MAX) || got == me)
            signpost_raise(&w->wrong);
        if (receives)
            signpost_raise(&w->received);
        else if (chosen != 5)
            signpost_raise(&w->sent);
        if (signpost_count(&w->received) >= w->count)
            filch_context_cancel(w->context, 0);
    }
}

Test(selects, sends_and_receives_meet_in_pairs)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (unsigned mix = 0; mix < 4; mix++) {
            static world w;
            open_world(&w, seed + mix, 0);
            for (unsigned i = 0; i < 5; i++)
                crew_start(&all,
                           mix == 3 || (i < 3 && mix >> (i % 2) & 1) ? CREW_THREAD : CREW_TASK,
                           swapper, &w);
            crew_wait(&all);
            close_world(&w);
            cr_assert_eq(signpost_count(&w.wrong), 0, "%s", name);
            cr_assert_eq(signpost_count(&w.sent), signpost_count(&w.received), "%s", name);
        }
        crew_close(&all);
    }
}

/* ---- Who is cancelled, served, and late at the same time ---- */

typedef struct race {
    filch_channel *channel;
    filch_context *context;
    int64_t until;
    signpost outcomes[3], wrong, sent;
} race;

static void waits_for_three_things(void *arg)
{
    race *r = arg;
    uint32_t got = 0;
    filch_case cases[] = {FILCH_RECEIVE(r->channel, &got), FILCH_DONE(r->context),
                          FILCH_UNTIL(r->until)};
    int chosen = filch_select(cases, 3);
    if (chosen < 0 || (chosen == 0) != (got == 7) || (chosen == 1) != (cases[1].code == -EIO))
        signpost_raise(&r->wrong);
    else
        signpost_raise(&r->outcomes[chosen]);
}

static void sends_about_then(void *arg)
{
    race *r = arg;
    uint32_t item = 7;
    int rc = filch_channel_send_until(r->channel, &item, r->until);
    if (!rc)
        signpost_raise(&r->sent);
    else if (rc != -ETIMEDOUT)
        signpost_raise(&r->wrong);
}

static void cancels_about_then(void *arg)
{
    race *r = arg;
    while (filch_now() < r->until - 2 * FILCH_MICROSECOND) /* a thread */
        sched_yield();
    filch_context_cancel(r->context, -EIO);
}

Test(selects, item_cancellation_or_deadline_wins_alone)
{
    enum { WAITERS = 4 };
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (unsigned i = 0; i < stress_times(60); i++) {
            uint64_t random = stress_mix(seed + i);
            race r = {.channel = channel_of(sizeof(uint32_t), 0)};
            OK(filch_context_create(&r.context, NULL));
            r.until = filch_in((int64_t)(random % 300000));
            for (unsigned j = 0; j < WAITERS; j++) {
                crew_start(&all, random >> j & 1 ? CREW_THREAD : CREW_TASK, waits_for_three_things,
                           &r);
                if (j % 2)
                    crew_start(&all, random >> (8 + j) & 1 ? CREW_THREAD : CREW_TASK,
                               sends_about_then, &r);
            }
            crew_start(&all, CREW_THREAD, cancels_about_then, &r);
            crew_wait(&all);
            cr_assert_eq(signpost_count(&r.wrong), 0, "%s", name);
            cr_assert_eq(signpost_count(&r.outcomes[0]), signpost_count(&r.sent), "%s", name);
            cr_assert_eq(channel_waiting(r.channel), 0, "%s", name);
            filch_channel_destroy(r.channel);
            filch_context_release(r.context);
        }
        crew_close(&all);
    }
}
