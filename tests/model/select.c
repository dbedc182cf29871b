/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Select: on both sides of the same channels, against close, cancellation and time. Real:
 * runtime/sync/{select,channel,cancellation,wait,timer_heap}. Played: locks, fibers and the timer
 * thread (tests/model/system/waiting.h); which case is tried first is explored.
 *
 * Each thread follows its script. A lower-case word is a select, two letters for each case: s and r
 * send to and receive from the channel that follows, A or B. d_ is the context, u_ a deadline, z_
 * the default case. Upper case: S, R, C send to, receive from and close the channel that follows;
 * X_ cancels the context; K_ is the timer thread.
 *
 * Claims: exactly one case happens, and nothing has moved in the others; an item that was sent is
 * received once; nobody waits while one of its cases could happen; nobody is left in a queue. */
#include <filch/select.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/channel.h>
#include <tests/model/system/items.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { CHANNELS = 2, CASES = 3 };

static filch_channel *channel[CHANNELS];
static filch_context *context;

static struct shape {
    const char *script[MC_THREADS + 1];
    unsigned capacity;
    unsigned fibers; /* the threads that are fibers, as bits */
} shape;

/* ---- A select ---- */

static filch_case case_of(char what, char where, uint64_t *item)
{
    switch (what) {
    case 's':
        return (filch_case)FILCH_SEND(channel[where - 'A'], item);
    case 'r':
        return (filch_case)FILCH_RECEIVE(channel[where - 'A'], item);
    case 'd':
        return (filch_case)FILCH_DONE(context);
    case 'u':
        return (filch_case)FILCH_UNTIL(WAITING_LATER);
    default:
        return (filch_case)FILCH_UNTIL(0);
    }
}

static void check_case(unsigned by, char what, const filch_case *one, uint64_t item, bool happened)
{
    int code = happened ? one->code : -ETIMEDOUT;
    if (what == 's')
        items_sent(item, code);
    else if (what == 'r' && code == 0)
        items_received(by, item);
    else if (what == 'r')
        MC_CLAIM(item == ITEMS_NONE, "an item has moved in a case that has not happened");
    else if (what == 'd' && happened)
        MC_CLAIM(code == -EPERM, "a context is done for another cause");
}

/* A case that happens at once, or after a wait. */
static void note_case(int chosen, const filch_case *of)
{
    static const waiting_ways ways[CASES] = {
        {.at_once = "case 1 at once", .told = "case 1 after a wait", .late = "the deadline"},
        {.at_once = "case 2 at once", .told = "case 2 after a wait", .late = "the deadline"},
        {.at_once = "case 3 at once", .told = "case 3 after a wait", .late = "the deadline"}};
    waiting_came_out(of[chosen].kind == FILCH_CASE_UNTIL ? -ETIMEDOUT : 0, &ways[chosen]);
    if (of[chosen].code == -EPIPE)
        reaches_note("a case that ends by a close");
}

static __attribute__((noinline)) void select_one(unsigned by, const char *cases)
{
    filch_case all[CASES];
    uint64_t item[CASES];
    size_t count = 0;
    for (; islower(cases[2 * count]); count++) {
        item[count] = cases[2 * count] == 's' ? items_next(by) : ITEMS_NONE;
        all[count] = case_of(cases[2 * count], cases[2 * count + 1], &item[count]);
    }
    int chosen = filch_select(all, count);
    waiting_returned();
    MC_CLAIM(chosen >= 0 && chosen < (int)count, "no case happens");
    note_case(chosen, all);
    for (size_t i = 0; i < count; i++)
        check_case(by, cases[2 * i], &all[i], item[i], (int)i == chosen);
}

/* ---- Threads ---- */

/* Threads that meet a select. */
static const waiting_ways others = {"another before the select", "another that waited",
                                    "another after a close", "another told of a close", NULL};

static void send(unsigned by, filch_channel *to)
{
    uint64_t item = items_next(by);
    int rc = filch_channel_send(to, &item);
    waiting_returned();
    waiting_came_out(rc, &others);
    items_sent(item, rc);
}

static void receive(unsigned by, filch_channel *from)
{
    uint64_t item = ITEMS_NONE;
    int rc = filch_channel_receive(from, &item);
    waiting_returned();
    waiting_came_out(rc, &others);
    if (rc == 0)
        items_received(by, item);
}

static void act(unsigned by, const char *word)
{
    switch (*word) {
    case 'S':
        send(by, channel[word[1] - 'A']);
        break;
    case 'R':
        receive(by, channel[word[1] - 'A']);
        break;
    case 'C':
        filch_channel_close(channel[word[1] - 'A']);
        break;
    case 'X':
        filch_context_cancel(context, -EPERM);
        break;
    case 'K':
        waiting_timer_thread();
        break;
    default:
        select_one(by, word);
        waiting_returned();
    }
}

static void body(unsigned thread)
{
    const char *at = shape.script[thread];
    while (*at) {
        act(thread, at);
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    waiting_ends();
}

/* ---- Before and after ---- */

static void lay_out(struct shape chosen)
{
    static const char *const name[CHANNELS] = {"A.lock", "B.lock"};
    shape = chosen;
    unsigned parties = 0;
    for (unsigned i = 0; shape.script[i]; i++)
        parties += *shape.script[i] != 'K';
    waiting_setup(shape.fibers, parties);
    waiting_setup_timers();
    items_setup();
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (filch_channel_create(&channel[i], sizeof(uint64_t), shape.capacity))
            mc_fail("no channel can be created");
        mc_name(&channel[i]->lock, name[i]);
    }
    if (filch_context_create(&context, NULL))
        mc_fail("no context can be created");
    mc_name(&context->lock, "context.lock");
    mc_name(&context->cause, "context.cause");
}

static void finish(void)
{
    reaches_tell();
    for (unsigned i = 0; i < CHANNELS; i++) {
        MC_CLAIM(!fl_waiters_any(&channel[i]->senders) && !fl_waiters_any(&channel[i]->receivers),
                 "somebody is left in a queue");
        for (uint64_t item; filch_channel_try_receive(channel[i], &item) == 0;)
            items_left(item);
    }
    MC_CLAIM(!fl_waiters_any(&context->waiters), "somebody is left in a queue");
    items_check();
}

#define FIRST 1u
#define SECOND 2u
MC_SHAPE(two_senders, .script = {"rArB CA CB", "SA", "SB"}, .fibers = FIRST)
MC_SHAPE(two_receivers, .script = {"sAsB CA CB", "RA", "RB"}, .fibers = FIRST)
MC_SHAPE(only_one, .script = {"rArB", "SB"}, .fibers = FIRST)
MC_SHAPE(behind, .script = {"rArB CA CB", "RA", "SA SA"}, .fibers = SECOND)
MC_SHAPE(both_sides, .script = {"sAsB", "rArB"}, .fibers = FIRST)
MC_SHAPE(both_sides_1, .script = {"sAsB CA CB", "rArB"}, .fibers = SECOND, .capacity = 1)
MC_SHAPE(crossed, .script = {"sArB", "rAsB"}, .fibers = FIRST | SECOND)
MC_SHAPE(reversed, .script = {"sArB", "sBrA"})
MC_SHAPE(one_channel, .script = {"sArA", "rAsA"}, .fibers = FIRST)
MC_SHAPE(three, .script = {"rArB CA CB", "sAsB", "sBsA"}, .fibers = FIRST | SECOND)
MC_SHAPE(closed, .script = {"rArB CB", "CA", "SB"}, .fibers = FIRST)
MC_SHAPE(closed_sends, .script = {"sAsB CB", "CA", "RB"}, .fibers = FIRST)
MC_SHAPE(cancelled, .script = {"rAd_ CA", "X_", "SA"}, .fibers = FIRST)
MC_SHAPE(timed, .script = {"rAu_ CA", "SA"})
MC_SHAPE(timed_fiber, .script = {"rAu_ CA", "SA", "K_"}, .fibers = FIRST)
MC_SHAPE(timed_both, .script = {"rAu_ CA", "sAu_", "K_"}, .fibers = FIRST | SECOND)
MC_SHAPE(default_case, .script = {"rAz_ CA", "SA"}, .fibers = FIRST)

#define THREADS(...) .threads = {__VA_ARGS__}
#define EITHER "case 1 at once", "case 1 after a wait", "case 2 at once", "case 2 after a wait"
#define MEETS .reaches = {EITHER, "another that waited"}
#define SELECTS .reaches = {EITHER}
#define CLOSED .reaches = {EITHER, "a case that ends by a close"}
#define LATE                                                                                       \
    .reaches = {"case 1 at once", "case 1 after a wait", "the deadline", "a time limit too late"}
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }

const mc_model mc_models[] = {
    ROW(two_senders, "two send, one of them is chosen", THREADS("select", "sender A", "sender B"),
        MEETS),
    ROW(two_receivers, "two receive, one of them is chosen",
        THREADS("select", "receiver A", "receiver B"), MEETS),
    ROW(only_one, "one sends", THREADS("select", "sender B"),
        .reaches = {"case 2 at once", "case 2 after a wait"}),
    ROW(behind, "a receiver before or behind it", THREADS("select", "receiver A", "sender A"),
        .reaches = {"case 1 at once", "case 1 after a wait", "another that waited"}),
    ROW(both_sides, "selects on both sides of two channels", THREADS("select s", "select r"),
        SELECTS),
    ROW(both_sides_1, "the same, with rings of one", THREADS("select s", "select r"), CLOSED),
    ROW(crossed, "each could be sender or receiver", THREADS("select", "select 2"), SELECTS),
    ROW(reversed, "the same, in the other order", THREADS("select", "select 2"), SELECTS),
    ROW(one_channel, "each could be both on one channel", THREADS("select", "select 2"), SELECTS),
    ROW(three, "three selects on two channels", THREADS("select r", "select s", "select s2"),
        SELECTS),
    ROW(closed, "close against select", THREADS("select", "closer", "sender"), CLOSED),
    ROW(closed_sends, "close against a select that sends", THREADS("select", "closer", "receiver"),
        CLOSED),
    ROW(cancelled, "cancellation against select", THREADS("select", "canceller", "sender"),
        SELECTS),
    ROW(timed, "a thread's time against send", THREADS("select", "sender"), LATE),
    ROW(timed_fiber, "a fiber's time against send", THREADS("select", "sender", "timer_thread"),
        LATE),
    ROW(timed_both, "two selects with a deadline", THREADS("select", "select 2", "timer_thread"),
        LATE),
    ROW(default_case, "cases that do not wait", THREADS("select", "sender"),
        .reaches = {"case 1 at once", "the deadline"}),
    {.name = NULL}};
