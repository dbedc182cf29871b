/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Channels: send, receive, close, time. Real: runtime/sync/{channel,wait,timer_heap}. Played:
 * locks, fibers and the timer thread (tests/model/system/waiting.h).
 *
 * Each thread follows a script. S sends its next item, T with a deadline, s without waiting; R, U
 * and r receive likewise. E receives until the channel is closed and empty; C closes it; D destroys
 * it; k is the timer thread.
 *
 * Claims: an item that was sent is received once, or is still in the channel; an item that was not
 * sent is never received; items of one sender arrive in order. No thread waits while there is an
 * item for it or the channel has ended; a thread that sees the end may destroy the channel. */
#include <runtime/sync/channel.h>
#include <tests/model/system/items.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <string.h>

static filch_channel *channel;

static struct shape {
    const char *script[MC_THREADS + 1];
    unsigned capacity;
    unsigned fibers; /* the threads that are fibers, as bits */
} shape;

/* ---- Threads ---- */

/* Of a try, `late` is a refusal. */
static const waiting_ways sending = {"a send at once", "a sender that waited",
                                     "a send to a closed channel", "a sender told of the close",
                                     "an unsuccessful send"},
                          receiving = {"a receive at once", "a receiver that waited",
                                       "a receive from a closed channel",
                                       "a receiver told of the close", "an unsuccessful receive"};

static void send(unsigned by, int64_t until)
{
    uint64_t item = items_next(by);
    int rc = filch_channel_send_until(channel, &item, until);
    waiting_returned();
    waiting_came_out(rc, &sending);
    items_sent(item, rc);
}

static int receive(unsigned by, int64_t until)
{
    uint64_t item = ITEMS_NONE;
    int rc = filch_channel_receive_until(channel, &item, until);
    waiting_returned();
    waiting_came_out(rc, &receiving);
    if (rc == 0)
        items_received(by, item);
    return rc;
}

static void act(unsigned by, char what)
{
    switch (what) {
    case 'S':
        send(by, FILCH_FOREVER);
        break;
    case 'T':
        send(by, WAITING_LATER);
        break;
    case 's':
        send(by, 0);
        break;
    case 'R':
        receive(by, FILCH_FOREVER);
        break;
    case 'U':
        receive(by, WAITING_LATER);
        break;
    case 'r':
        receive(by, 0);
        break;
    case 'E':
        for (int rc = 0; rc != -EPIPE;) {
            rc = receive(by, FILCH_FOREVER);
            MC_CLAIM(rc == 0 || rc == -EPIPE, "an error of nothing");
        }
        break;
    case 'C':
        filch_channel_close(channel);
        break;
    case 'D':
        filch_channel_destroy(channel);
        break;
    default:
        waiting_timer_thread();
    }
}

static void body(unsigned thread)
{
    for (const char *at = shape.script[thread]; *at; at++)
        act(thread, *at);
    waiting_ends();
}

/* ---- Before and after ---- */

static bool any(char what)
{
    for (unsigned i = 0; shape.script[i]; i++)
        if (strchr(shape.script[i], what))
            return true;
    return false;
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    unsigned threads = 0;
    while (shape.script[threads])
        threads++;
    waiting_setup(shape.fibers, threads - any('k'));
    waiting_setup_timers();
    items_setup();
    channel = NULL;
    if (filch_channel_create(&channel, sizeof(uint64_t), shape.capacity))
        mc_fail("no channel can be created");
    mc_name(&channel->lock, "lock");
    mc_name(channel, "channel");
}

static void finish(void)
{
    reaches_tell();
    if (any('D'))
        return;
    MC_CLAIM(!fl_waiters_any(&channel->senders) && !fl_waiters_any(&channel->receivers),
             "somebody is left in a queue");
    for (uint64_t item; filch_channel_try_receive(channel, &item) == 0;)
        items_left(item);
    items_check();
}

#define FIRST 1u
#define SECOND 2u
#define THIRD 4u
MC_SHAPE(SR_0, .script = {"S", "R"}, .fibers = FIRST)
MC_SHAPE(SR_1, .script = {"S", "R"}, .fibers = SECOND, .capacity = 1)
MC_SHAPE(SS_RR_0, .script = {"SS", "RR"}, .fibers = FIRST)
MC_SHAPE(SS_R_1, .script = {"SS", "R"}, .fibers = FIRST, .capacity = 1)
MC_SHAPE(SS_RR_1, .script = {"SS", "RR"}, .fibers = FIRST, .capacity = 1)
MC_SHAPE(SSS_RRR_1, .script = {"SSS", "RRR"}, .fibers = SECOND, .capacity = 1)
MC_SHAPE(SSSS_RRRR_2, .script = {"SSSS", "RRRR"}, .fibers = FIRST, .capacity = 2)
MC_SHAPE(SSSS_RRRR_3, .script = {"SSSS", "RRRR"}, .fibers = SECOND, .capacity = 3)
MC_SHAPE(SS_SS_RRR_2, .script = {"SS", "SS", "RRRR"}, .fibers = FIRST | THIRD, .capacity = 2)
MC_SHAPE(S_S_RR_0, .script = {"S", "S", "RR"}, .fibers = FIRST | THIRD)
MC_SHAPE(S_S_RR_1, .script = {"S", "S", "RR"}, .fibers = FIRST | THIRD, .capacity = 1)
MC_SHAPE(SS_R_R_0, .script = {"SS", "R", "R"}, .fibers = SECOND)
MC_SHAPE(SS_R_R_1, .script = {"SS", "R", "R"}, .fibers = SECOND, .capacity = 1)
MC_SHAPE(S_C_E_0, .script = {"S", "C", "E"}, .fibers = THIRD)
MC_SHAPE(S_C_E_1, .script = {"SS", "C", "E"}, .fibers = FIRST, .capacity = 1)
MC_SHAPE(SC_ED_0, .script = {"SC", "ED"}, .fibers = FIRST)
MC_SHAPE(SSC_ED_1, .script = {"SSC", "ED"}, .fibers = SECOND, .capacity = 1)
MC_SHAPE(SC_E_E, .script = {"SC", "E", "E"}, .fibers = SECOND)
MC_SHAPE(TC_E, .script = {"TC", "E"})
MC_SHAPE(TC_E_k, .script = {"TC", "E", "k"}, .fibers = FIRST)
MC_SHAPE(STC_E_1, .script = {"STC", "E", "k"}, .fibers = FIRST, .capacity = 1)
MC_SHAPE(S_UC, .script = {"S", "UC"})
MC_SHAPE(S_UC_k, .script = {"S", "UC", "k"}, .fibers = SECOND)
MC_SHAPE(T_U_k, .script = {"T", "U", "k"}, .fibers = FIRST | SECOND)
MC_SHAPE(T_S_RC_k, .script = {"T", "S", "RC", "k"}, .fibers = FIRST | SECOND)
MC_SHAPE(s_r_1, .script = {"ss", "rr"}, .capacity = 1)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }
#define TWO .threads = {"sender", "receiver"}
#define TIMED .threads = {"sender", "receiver", "timer_thread"}
#define SENDERS .threads = {"sender", "sender 2", "receiver"}
#define RECEIVERS .threads = {"sender", "receiver", "receiver 2"}
#define CLOSER .threads = {"sender", "closer", "receiver"}
#define MEETS .reaches = {"a sender that waited", "a receiver that waited"}
#define FOUND .reaches = {"a receive at once", "a receiver that waited"}
#define CLOSES                                                                                     \
    .reaches = {"a send to a closed channel", "a sender told of the close",                        \
                "a receiver told of the close"}
#define ENDS .reaches = {"a receive from a closed channel", "a receiver told of the close"}
#define SENDS_LATE                                                                                 \
    .reaches = {"a sender that waited", "an unsuccessful send", "a time limit too late"}
#define RECEIVES_LATE                                                                              \
    .reaches = {"a receiver that waited", "an unsuccessful receive", "a time limit too late"}
#define BOTH_LATE                                                                                  \
    .reaches = {"a sender that waited", "a receiver that waited", "an unsuccessful send",          \
                "an unsuccessful receive", "a time limit too late"}
#define TRIES .reaches = {"an unsuccessful send", "an unsuccessful receive"}

const mc_model mc_models[] = {
    ROW(SR_0, "a rendezvous", TWO, MEETS),
    ROW(SR_1, "one item through a ring of one", TWO, FOUND),
    ROW(SS_RR_0, "two meetings", TWO, MEETS),
    ROW(SS_R_1, "a full ring, and place in it again", TWO, MEETS),
    ROW(SS_RR_1, "two items through a ring of one", TWO, MEETS),
    ROW(SSS_RRR_1, "three items through a ring of one", TWO, MEETS),
    ROW(SSSS_RRRR_2, "four items through a ring of two", TWO, .bound = 0, MEETS),
    ROW(SSSS_RRRR_3, "four items through a ring of three", TWO, MEETS),
    ROW(SS_SS_RRR_2, "two senders, a ring of two", SENDERS, .random = 20000, MEETS),
    ROW(S_S_RR_0, "two senders, rendezvous", SENDERS, MEETS),
    ROW(S_S_RR_1, "two senders, a ring of one", SENDERS, MEETS),
    ROW(SS_R_R_0, "two receivers, rendezvous", RECEIVERS, MEETS),
    ROW(SS_R_R_1, "two receivers, a ring of one", RECEIVERS, MEETS),
    ROW(S_C_E_0, "close against send, rendezvous", CLOSER, CLOSES),
    ROW(S_C_E_1, "close against send, a ring of one", CLOSER, CLOSES),
    ROW(SC_ED_0, "the thread that sees the end destroys it", TWO, ENDS),
    ROW(SSC_ED_1, "the same, what was in it comes first", TWO, ENDS),
    ROW(SC_E_E, "two see the end", RECEIVERS, ENDS),
    ROW(TC_E, "a thread's send against its time", TWO, SENDS_LATE),
    ROW(TC_E_k, "a fiber's send against its time", TIMED, SENDS_LATE),
    ROW(STC_E_1, "the same, behind an item in the ring", TIMED, SENDS_LATE),
    ROW(S_UC, "a thread's receive against its time", TWO, RECEIVES_LATE),
    ROW(S_UC_k, "a fiber's receive against its time", TIMED, RECEIVES_LATE),
    ROW(T_U_k, "both have a deadline", TIMED, BOTH_LATE),
    ROW(T_S_RC_k, "whose time comes hides nobody",
        .threads = {"sender", "sender 2", "receiver", "timer_thread"}, SENDS_LATE),
    ROW(s_r_1, "nobody waits", TWO, TRIES),
    {.name = NULL}};
