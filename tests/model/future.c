/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures: setting, failing, breaking, awaiting, and futures of all or any of two others. Real:
 * runtime/sync/{future,future_graph,wait,timer_heap}. Played: the lock inside each future, fibers
 * and the timer thread (tests/model/system/waiting.h).
 *
 * Each thread follows a script of a letter and a future's number: S sets it, X fails it, B breaks
 * its promise and frees it, W awaits it, w does so with a deadline, ? looks whether it is done, F
 * frees it; A and Y make it the future of all or of any of 0 and 1; k is the timer thread.
 *
 * Claims: exactly one of those that set a future succeeds, and every awaiter sees that value or
 * that failure. Everybody continues; an awaiter whose await has returned may free the future. A
 * future of others is done when they are; all memory of such futures is freed. */
#include <runtime/sync/future.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <string.h>

enum { FUTURES = 3, WORD = 4711 };

static filch_future *future[FUTURES];

static struct shape {
    const char *script[MC_THREADS + 1];
    unsigned fibers; /* the threads that are fibers, as bits */
} shape;
static int cause[FUTURES]; /* 0, or the code of the failure; the setting thread writes it */
static unsigned settled[FUTURES];

/* ---- Books ---- */

MC_UNCHECKED static void book(unsigned which, int rc, int code)
{
    MC_CLAIM(rc == 0 || rc == -EALREADY, "an error of nothing");
    reaches_note(rc ? "set too late" : code ? "failed" : "set");
    if (rc == 0) {
        cause[which] = code;
        settled[which]++;
    }
}

MC_UNCHECKED static void book_made(unsigned which)
{
    settled[which]++;
}

/* -EPIPE: of a broken promise. */
static void check_outcome(int rc, bool timed)
{
    MC_CLAIM(rc == 0 || rc == -EIO || rc == -EPIPE || (rc == -ETIMEDOUT && timed),
             "an error of nothing");
}

/* ---- Threads ---- */

static void set(unsigned which)
{
    uint64_t word = WORD + which;
    book(which, filch_future_set(future[which], &word, sizeof word), 0);
}

static void fail(unsigned which)
{
    book(which, filch_future_fail(future[which], "model", 1, -EIO, "."), -EIO);
}

/* Once somebody waits for it. */
static void break_promise(unsigned which)
{
    mc_await(&future[which]->stage, 4, 0, MC_HERE);
    book(which, filch_future_break(future[which]), -EPIPE);
    waiting_returned();
    mc_free(future[which]);
}

static void look(unsigned which)
{
    if (!filch_future_done(future[which])) {
        reaches_note("a look before it is done");
        return;
    }
    const filch_failure *failure = filch_future_failure(future[which]);
    reaches_note(failure ? "a failure seen" : "a value seen");
    if (failure)
        MC_CLAIM(failure->code == -EIO, "a failure without its code");
    else if (which < 2)
        MC_CLAIM(FILCH_VALUE(uint64_t, future[which]) == WORD + which, "a value of nobody");
}

static void await(unsigned which, int64_t until)
{
    int rc = filch_await_until(future[which], until);
    waiting_returned();
    waiting_came_out(rc, &waiting_ways_usual);
    check_outcome(rc, until != FILCH_FOREVER);
    if (rc == 0)
        look(which);
}

static void make(unsigned which, bool all)
{
    filch_future *const parts[] = {future[0], future[1]};
    int rc = all ? filch_when_all(future[which], parts, 2)
                 : filch_when_any(future[which], parts, 2, NULL);
    MC_CLAIM(rc == 0, "a future of others cannot be made");
    book_made(which);
}

static void act(char what, unsigned which)
{
    switch (what) {
    case 'S':
        set(which);
        break;
    case 'X':
        fail(which);
        break;
    case 'B':
        break_promise(which);
        break;
    case 'W':
        await(which, FILCH_FOREVER);
        break;
    case 'w':
        await(which, WAITING_LATER);
        break;
    case '?':
        look(which);
        break;
    case 'F':
        mc_free(future[which]);
        break;
    default:
        make(which, what == 'A');
    }
}

static void body(unsigned thread)
{
    const char *at = shape.script[thread];
    if (*at == 'k')
        waiting_timer_thread();
    for (; *at; at += 2)
        act(at[0], (unsigned)(at[1] - '0'));
    waiting_ends();
}

/* ---- Before and after ---- */

static void lay_out(struct shape chosen)
{
    static const char *const name[FUTURES][2] = {{"stage 0", "lock 0"},
                                                 {"stage 1", "lock 1"},
                                                 {"stage 2", "lock 2"}};
    shape = chosen;
    unsigned threads = 0, parties = 0;
    for (; shape.script[threads]; threads++)
        parties += *shape.script[threads] != 'k';
    waiting_setup(shape.fibers, parties);
    waiting_setup_timers();
    heap_setup(false);
    thread_locals_setup();
    memset(settled, 0, sizeof settled);
    for (unsigned i = 0; i < FUTURES; i++) {
        future[i] = mc_alloc(sizeof *future[i], _Alignof(filch_future));
        memset(future[i], 0, sizeof *future[i]);
        mc_name(&future[i]->stage, name[i][0]);
        mc_name(&future[i]->lock, name[i][1]);
    }
}

static bool any(const char *what)
{
    for (unsigned i = 0; shape.script[i]; i++)
        if (strstr(shape.script[i], what))
            return true;
    return false;
}

static void finish(void)
{
    reaches_tell();
    unsigned gone = 0;
    for (unsigned i = 0; i < FUTURES; i++) {
        char await[] = {'W', (char)('0' + i), 0}, freed[] = {'F', await[1], 0},
             broken[] = {'B', await[1], 0};
        MC_CLAIM(settled[i] < 2, "a future is set twice");
        MC_CLAIM(settled[i] || !any(await), "an awaiter was told, but nobody set the future");
        if (any(freed) || any(broken)) {
            gone++;
            continue;
        }
        MC_CLAIM(!fl_waiters_any(&future[i]->waiters), "somebody is left in a queue");
        if (cause[i] == 0 && settled[i] && i < 2)
            look(i);
    }
    MC_CLAIM(mc_objects() == FUTURES - gone + waiting_objects(), "memory is left");
}

#define FIRST 1u
#define SECOND 2u
#define THIRD 4u
MC_SHAPE(S_W, .script = {"S0", "W0F0"}, .fibers = SECOND)
MC_SHAPE(S_W_thread, .script = {"S0", "W0F0"})
MC_SHAPE(X_W, .script = {"X0", "W0F0"}, .fibers = SECOND)
MC_SHAPE(S_S_W, .script = {"S0", "S0", "W0?0"}, .fibers = THIRD)
MC_SHAPE(S_X_look, .script = {"S0", "X0", "?0?0"})
MC_SHAPE(S_W_look, .script = {"S0", "W0", "?0"}, .fibers = SECOND)
MC_SHAPE(S_W_W, .script = {"S0", "W0", "W0"}, .fibers = SECOND)
MC_SHAPE(S_w_W, .script = {"S0", "w0", "W0"}, .fibers = THIRD)
MC_SHAPE(S_wWF, .script = {"S0", "w0W0F0"})
MC_SHAPE(S_w_k, .script = {"S0", "w0", "k"}, .fibers = SECOND)
MC_SHAPE(B_W, .script = {"B0", "W0"}, .fibers = SECOND)
MC_SHAPE(B_w, .script = {"B0", "w0"})
MC_SHAPE(all, .script = {"S0", "S1", "A2W2F0F1F2"}, .fibers = THIRD)
MC_SHAPE(all_fails, .script = {"S0", "X1", "A2W2F0F1F2"}, .fibers = THIRD)
MC_SHAPE(any_first, .script = {"S0", "Y2W2F1F2"}, .fibers = SECOND)
MC_SHAPE(any_two, .script = {"S0", "S1", "Y2W2F2"}, .fibers = THIRD)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }
#define TWO .threads = {"first", "second"}
#define THREE .threads = {"first", "second", "third"}
#define TIMED .threads = {"first", "second", "timers"}
#define MEETS .reaches = {"no wait", "a wait"}
#define FAILS .reaches = {"an error at once", "a wait that ends in an error"}
#define LATE .reaches = {"a wait", "a time-out", "a time limit too late"}
#define BROKEN_LATE                                                                                \
    .reaches = {"a wait that ends in an error", "a time-out", "a time limit too late"}

const mc_model mc_models[] = {
    ROW(S_W, "a fiber awaits a value, and frees the future", TWO, MEETS),
    ROW(S_W_thread, "a thread does", TWO, MEETS),
    ROW(X_W, "the same with a failure", TWO, FAILS),
    ROW(S_S_W, "two set it", THREE, MEETS),
    ROW(S_X_look, "one sets it, one fails it, one looks", THREE,
        .reaches = {"a value seen", "a failure seen", "a look before it is done"}),
    ROW(S_W_look, "one awaits it, one looks", THREE,
        .reaches = {"a wait", "a look before it is done"}),
    ROW(S_W_W, "two await it", THREE, .bound = 0, MEETS),
    ROW(S_w_W, "whose time is over hides nobody", THREE, .bound = 0, LATE),
    ROW(S_wWF, "one comes too early, and then frees it", TWO, LATE),
    ROW(S_w_k, "a fiber awaits it with a deadline", TIMED, LATE),
    ROW(B_W, "a broken promise", TWO, FAILS),
    ROW(B_w, "a broken promise against a deadline", TWO, BROKEN_LATE),
    ROW(all, "all of two", THREE, MEETS),
    ROW(all_fails, "all of two, one fails", THREE, .bound = 0, FAILS),
    ROW(any_first, "any of two; the other is freed", TWO, MEETS),
    ROW(any_two, "any of two, both come", THREE, .bound = 0, MEETS),
    {.name = NULL}};
