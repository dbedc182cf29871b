/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Channels between many: each item arrives once, those of one sender in their order, while others
 * wait, give up, close or destroy. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { SENDERS = 4, RECEIVERS = 3, MOST = 2000 };

typedef struct item {
    uint64_t id, check, unused; /* several words: torn ones are seen */
} item;

typedef struct world {
    filch_channel *channel;
    uint64_t seed;
    unsigned count; /* of each sender */
    signpost senders, receivers;
    signpost wrong; /* items torn, out of order; codes that are none */
    signpost ended; /* senders that have sent all */
    signpost closes, sent, received;
    signpost seen[SENDERS][MOST];
} world;

static item item_of(unsigned sender, unsigned number)
{
    uint64_t id = (uint64_t)sender << 32 | number;
    return (item){id, stress_mix(id), ~id};
}

/* Not so soon that it has passed already: a member that tries again and again would never wait, and
 * its worker would do nothing else. */
static int64_t soon(uint64_t random)
{
    return filch_in(5 * FILCH_MICROSECOND + (int64_t)(random % 30000));
}

/* In one of the ways there are, until it is sent or closed. */
static int send_somehow(filch_channel *channel, item *one, uint64_t random)
{
    int rc = filch_channel_try_send(channel, one);
    if (random % 4 == 0 || rc != -EAGAIN)
        return rc == -EAGAIN ? filch_channel_send(channel, one) : rc;
    if (random % 4 == 1)
        return filch_channel_send(channel, one);
    if (random % 4 == 2) {
        filch_case only = FILCH_SEND(channel, one);
        return filch_select(&only, 1) ? -EIO : only.code;
    }
    do
        rc = filch_channel_send_until(channel, one, soon(random));
    while (rc == -ETIMEDOUT);
    return rc;
}

static int receive_somehow(filch_channel *channel, item *one, uint64_t random)
{
    int rc;
    if (random % 4 == 0)
        return filch_channel_receive(channel, one);
    if (random % 4 == 1 && (rc = filch_channel_try_receive(channel, one)) != -EAGAIN)
        return rc;
    if (random % 4 == 2) {
        filch_case either[] = {FILCH_RECEIVE(channel, one), FILCH_RECEIVE(channel, one)};
        return either[filch_select(either, 2)].code;
    }
    do
        rc = filch_channel_receive_until(channel, one, soon(random));
    while (rc == -ETIMEDOUT);
    return rc;
}

/* ---- Everything arrives ---- */

static void sender(void *arg)
{
    world *w = arg;
    unsigned me = filch_u32_add(&w->senders, 1, FILCH_RELAXED);
    for (unsigned i = 0; i < w->count; i++) {
        uint64_t random = stress_mix(w->seed + me * MOST + i);
        item one = item_of(me, i);
        if (send_somehow(w->channel, &one, random))
            signpost_raise(&w->wrong);
        stress_dawdle(random >> 8);
    }
    if (filch_u32_add(&w->ended, 1, FILCH_ACQ_REL) == SENDERS - 1)
        filch_channel_close(w->channel);
}

static void receiver(void *arg)
{
    world *w = arg;
    unsigned me = filch_u32_add(&w->receivers, 1, FILCH_RELAXED);
    uint64_t random = stress_mix(w->seed ^ me);
    int64_t last[SENDERS];
    item one;
    int rc;
    memset(last, -1, sizeof last);
    while ((rc = receive_somehow(w->channel, &one, random)) == 0) {
        unsigned from = (unsigned)(one.id >> 32), number = (uint32_t)one.id;
        random = stress_mix(random);
        if (from >= SENDERS || number >= w->count || one.check != stress_mix(one.id) ||
            one.unused != ~one.id || number <= last[from]) {
            signpost_raise(&w->wrong);
            continue;
        }
        last[from] = number;
        signpost_raise(&w->seen[from][number]);
        stress_dawdle(random >> 8);
    }
    if (rc != -EPIPE)
        signpost_raise(&w->wrong);
}

/* mix: whose turn it is to be a thread, one bit a party. */
static void everything_arrives(crew *all, const char *name, size_t capacity, unsigned mix,
                               uint64_t seed)
{
    static world w;
    memset(&w, 0, sizeof w);
    w.channel = channel_of(sizeof(item), capacity);
    w.seed = seed;
    w.count = stress_times(60);
    w.count = w.count > MOST ? MOST : w.count;
    for (unsigned i = 0; i < SENDERS + RECEIVERS; i++)
        crew_start(all, mix >> i & 1 ? CREW_THREAD : CREW_TASK,
                   i % 2 || i / 2 >= RECEIVERS ? sender : receiver, &w);
    crew_wait(all);
    cr_assert_eq(signpost_count(&w.wrong), 0, "%s, capacity %zu, threads %x", name, capacity, mix);
    for (unsigned from = 0; from < SENDERS; from++)
        for (unsigned i = 0; i < w.count; i++)
            cr_assert_eq(signpost_count(&w.seen[from][i]), 1, "%s, capacity %zu, threads %x", name,
                         capacity, mix);
    cr_assert_eq(filch_channel_length(w.channel), 0);
    cr_assert_eq(channel_waiting(w.channel), 0);
    filch_channel_destroy(w.channel);
}

Test(channels, items_arrive_once_in_sender_order)
{
    static const size_t capacities[] = {0, 1, 2, 7, 64};
    static const unsigned mixes[] = {0, 0x7f, 0x55, 0x2a, 0x66};
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (unsigned i = 0; i < 5; i++)
            for (unsigned j = 0; j < 5; j++)
                everything_arrives(&all, name, capacities[i], mixes[j], stress_mix(seed + j));
        crew_close(&all);
    }
}

/* ---- Closing against sending ---- */

static void sends_until_closed(void *arg)
{
    world *w = arg;
    unsigned me = filch_u32_add(&w->senders, 1, FILCH_RELAXED);
    for (unsigned i = 0;; i++) {
        item one = item_of(me, i % MOST);
        int rc = send_somehow(w->channel, &one, stress_mix(w->seed + me + i));
        if (rc) {
            if (rc != -EPIPE)
                signpost_raise(&w->wrong);
            return;
        }
        signpost_raise(&w->sent);
    }
}

static void receives_until_closed(void *arg)
{
    world *w = arg;
    item one;
    int rc;
    for (unsigned i = 0; !(rc = receive_somehow(w->channel, &one, stress_mix(w->seed ^ i))); i++)
        signpost_raise(&w->received);
    if (rc != -EPIPE)
        signpost_raise(&w->wrong);
}

static void closes_some_time(void *arg)
{
    world *w = arg;
    signpost_wait(&w->received, (uint32_t)(w->seed % 40));
    int rc = filch_channel_close(w->channel);
    if (!rc)
        signpost_raise(&w->closes);
    else if (rc != -EPIPE)
        signpost_raise(&w->wrong);
}

Test(channels, single_close_wins_without_losing_items)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (unsigned i = 0; i < stress_times(60); i++) {
            static world w;
            memset(&w, 0, sizeof w);
            w.seed = stress_mix(seed + i);
            w.channel = channel_of(sizeof(item), w.seed % 4);
            for (unsigned j = 0; j < 5; j++)
                crew_start(&all, w.seed >> (8 + j) & 1 ? CREW_THREAD : CREW_TASK,
                           j % 2 ? receives_until_closed : sends_until_closed, &w);
            for (unsigned j = 0; j < 2; j++) /* they wait as threads do */
                crew_start(&all, CREW_THREAD, closes_some_time, &w);
            crew_wait(&all);
            cr_assert_eq(signpost_count(&w.wrong), 0, "%s", name);
            cr_assert_eq(signpost_count(&w.closes), 1, "%s", name);
            cr_assert_eq(signpost_count(&w.sent), signpost_count(&w.received), "%s", name);
            filch_channel_destroy(w.channel);
        }
        crew_close(&all);
    }
}

/* ---- Destroying against giving up ---- */

typedef struct ending {
    filch_channel *channel, *other;
    int64_t until;
    signpost returned, wrong, removed;
    filch_u32 next;
} ending;

static int wait_in_some_way(ending *e, unsigned way)
{
    item one = {0};
    if (way % 3 == 0)
        return filch_channel_receive_until(e->channel, &one, e->until);
    if (way % 3 == 1)
        return filch_channel_receive_until(e->other, &one, e->until);
    filch_case cases[] = {FILCH_RECEIVE(e->channel, &one), FILCH_RECEIVE(e->other, &one),
                          FILCH_UNTIL(e->until)};
    int chosen = filch_select(cases, 3);
    return chosen == 2 ? -ETIMEDOUT : cases[chosen].code;
}

static void gives_up_or_is_told(void *arg)
{
    ending *e = arg;
    int rc = wait_in_some_way(e, filch_u32_add(&e->next, 1, FILCH_RELAXED));
    if (rc == -EIDRM)
        signpost_raise(&e->removed);
    else if (rc != -ETIMEDOUT)
        signpost_raise(&e->wrong);
    signpost_raise(&e->returned);
}

enum { WAITERS = 9, NODES = WAITERS + WAITERS / 3 }; /* each third waits for both */

static void destroyed_about_when_time_is_up(crew *all, const char *name, uint64_t random)
{
    ending e = {channel_of(sizeof(item), 0), channel_of(sizeof(item), 1), 0, {0}, {0}, {0}, {0}};
    e.until = filch_in((int64_t)(200000 + random % 500000));
    for (unsigned i = 0; i < WAITERS; i++)
        crew_start(all, random >> i & 1 ? CREW_THREAD : CREW_TASK, gives_up_or_is_told, &e);
    /* Nobody may come later. Items counted as returned have left the queues since. */
    uint32_t returned;
    do {
        sched_yield();
        returned = signpost_count(&e.returned);
    } while (returned < WAITERS &&
             returned + channel_waiting(e.channel) + channel_waiting(e.other) < NODES);
    filch_channel_destroy(e.channel);
    filch_channel_destroy(e.other);
    crew_wait(all);
    cr_assert_eq(signpost_count(&e.wrong), 0, "%s", name);
    cr_assert_eq(signpost_count(&e.returned), WAITERS, "%s", name);
}

Test(channels, destroy_at_deadline_gives_one_outcome)
{
    uint64_t seed = stress_seed();
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (unsigned i = 0; i < stress_times(40); i++)
            destroyed_about_when_time_is_up(&all, name, stress_mix(seed + i));
        crew_close(&all);
    }
}

/* ---- Two that talk ---- */

typedef struct talk {
    filch_channel *there, *back;
    filch_runtime *rt;
    signpost outside, inside; /* they talk until both have been heard */
} talk;

static void interrupts(filch_self self, void *heard)
{
    signpost_raise(heard);
}

static void answers(void *arg)
{
    talk *t = arg;
    FILCH_EACH(uint64_t, one, t->there) filch_channel_send(t->back, &one);
}

static void talks(void *arg)
{
    talk *t = arg;
    uint64_t one = 1;
    if (filch_go(t->rt, interrupts, &t->inside)) /* lies below them in the worker's deque */
        filch_die("%s", filch_error());
    while (!signpost_count(&t->outside) || !signpost_count(&t->inside)) {
        filch_channel_send(t->there, &one);
        filch_channel_receive(t->back, &one);
    }
    filch_channel_close(t->there);
}

Test(channels, talking_pair_starves_nobody)
{
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        crew_open(&all, config);
        talk t = {
            channel_of(sizeof(uint64_t), 0), channel_of(sizeof(uint64_t), 0), all.rt, {0}, {0}};
        crew_start(&all, CREW_TASK, answers, &t);
        crew_start(&all, CREW_TASK, talks, &t);
        OK(filch_go(all.rt, interrupts, &t.outside)); /* through the inbox */
        crew_wait(&all);
        filch_channel_destroy(t.there);
        filch_channel_destroy(t.back);
        crew_close(&all);
    }
}
