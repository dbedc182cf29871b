/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The lock of everything that waits, with its futex. Real: runtime/platform/lock. Each thread takes
 * it a given number of times, and counts. The last one frees the object that holds the lock, as an
 * owner does when nobody waits for the object any more.
 *
 * Claims: one thread at a time is inside, and sees the last one's writes; all have their turns;
 * nobody touches the lock after unlocking it. A thread that an unlock missed wakes at its time
 * limit (`nap`); the outcomes (`woken`) show that the others are woken. */
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <stdlib.h>
#include <string.h>

static struct object {
    filch_u32 lock;
    unsigned turns;
} * object;

static struct shape {
    unsigned threads, turns;
} shape;
static unsigned inside;
static bool napped[MC_THREADS];

/* Plain: two that have no order are a race. */
static void enter(void)
{
    MC_CLAIM(!inside++, "two are inside");
}

static void leave(void)
{
    inside--;
}

/* ---- Futexes ---- */

/* A thread naps once; then it sleeps until the lock has changed, or two napping threads would wake
 * each other forever. */
MC_UNCHECKED bool fl_futex_wait_until(filch_u32 *word, uint32_t value, int64_t until)
{
    bool over = napped[mc_self()];
    if (over)
        mc_await(word, 4, value, MC_HERE);
    else
        over = mc_futex_wait(word, value, until != 0, MC_HERE);
    napped[mc_self()] |= over;
    if (over)
        mc_outcome("nap");
    return over;
}

void fl_futex_wake(filch_u32 *word, int count)
{
    mc_outcome("woken");
    mc_futex_wake(word, (unsigned)count, MC_HERE);
}

/* ---- Threads ---- */

static bool take_turn(void)
{
    fl_lock(&object->lock);
    enter();
    bool last = ++object->turns == shape.threads * shape.turns;
    leave();
    fl_unlock(&object->lock);
    return last;
}

static void body(unsigned thread)
{
    (void)thread;
    for (unsigned i = 0; i < shape.turns; i++)
        if (take_turn())
            free(object);
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    inside = 0;
    memset(napped, 0, sizeof napped);
    object = mc_alloc(sizeof *object, _Alignof(struct object));
    memset(object, 0, sizeof *object);
    mc_name(&object->lock, "lock");
    mc_name(&object->turns, "turns");
}

static void finish(void)
{
    MC_CLAIM(mc_objects() == 0, "a turn is lost");
}

MC_SHAPE(two, .threads = 2, .turns = 1)
MC_SHAPE(two_twice, .threads = 2, .turns = 2)
MC_SHAPE(four, .threads = 4, .turns = 1)
MC_SHAPE(three, .threads = 3, .turns = 1)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .outcomes = "nap woken", __VA_ARGS__                                          \
    }
#define TWO .threads = {"one", "another"}
#define FOUR .threads = {"one", "another", "third", "fourth"}
#define THREE .threads = {"one", "another", "third"}

const mc_model mc_models[] = {ROW(two, "two threads", TWO, .alike = "aa"),
                              ROW(two_twice, "two threads, twice each", TWO, .alike = "aa"),
                              ROW(three, "three threads", THREE, .alike = "aaa"),
                              ROW(four, "four threads", FOUR, .alike = "aaaa", .random = 10000),
                              {.name = NULL}};
