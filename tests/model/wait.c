/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The one wake protocol: a waiter, the threads that tell it, and time. Real:
 * runtime/sync/{wait,timer_heap}. Played: locks, fibers and the timer thread
 * (tests/model/system/waiting.h), and two objects, which hold permits: a thread that finds none
 * waits.
 *
 * Each thread has a role. w waits for the first object, u does without a deadline, f does so in
 * front of all others, b waits for both at once, as a select does. 0 and 1 give a permit to a
 * waiter of the first or the second object, with a word that is written where the waiter said. c
 * closes the first; d, once all have entered it, dismisses its waiters, and frees it. k is the
 * timer thread; s the stack that a suspending fiber switches to.
 *
 * Claims: each permit is acquired once, or is still there; the thread that acquired it has the
 * word. Everybody continues, once, and is in no queue any more. Nobody touches a waiter that has
 * continued, or an object that is freed. */
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECTS = 2, WORD = 4711 };

static struct object {
    filch_u32 lock;
    filch_waiters queue;
    unsigned permits;
    bool closed;
    filch_u32 entered;
} * object[OBJECTS];

static struct shape {
    const char *roles; /* one for each thread */
    unsigned fibers;   /* the threads that are fibers, as bits */
    bool timed;        /* waiters have a deadline */
} shape;
static unsigned given, got;

MC_UNCHECKED static void count(unsigned *what)
{
    ++*what;
}

static int64_t until(unsigned thread)
{
    return shape.timed && !strchr("uf", shape.roles[thread]) ? WAITING_LATER : FILCH_FOREVER;
}

/* ---- Waiting ---- */

static void check_outcome(int rc, unsigned word)
{
    if (rc == 0) {
        MC_CLAIM(word == WORD, "a permit without its word");
        count(&got);
        return;
    }
    bool may = rc == -ETIMEDOUT ? shape.timed : rc == (strchr(shape.roles, 'c') ? -EPIPE : -EIDRM);
    MC_CLAIM(may, "an outcome that nobody decided");
}

/* The lock is held. */
static bool take(struct object *from, unsigned *word)
{
    if (!from->permits)
        return false;
    from->permits--;
    *word = WORD;
    return true;
}

static int enter(struct object *at, unsigned *word)
{
    fl_lock(&at->lock);
    if (strchr(shape.roles, 'd'))
        filch_u32_add(&at->entered, 1, FILCH_RELEASE);
    if (!at->closed && !take(at, word))
        return fl_wait_at(shape.roles[mc_self()] == 'f' ? FL_WAIT_FIRST : 0, &at->lock, &at->queue,
                          word, until(mc_self()));
    fl_unlock(&at->lock);
    return at->closed ? -EPIPE : 0;
}

static void wait_for_one(void)
{
    unsigned word = 0;
    int rc = enter(object[0], &word);
    waiting_returned();
    waiting_came_out(rc, &waiting_ways_usual);
    check_outcome(rc, word);
}

/* As a select does. */
static __attribute__((noinline)) int enter_both(unsigned *word)
{
    fl_waiter waiter;
    fl_node node[OBJECTS];
    fl_waiter_here(&waiter);
    for (unsigned i = 0; i < OBJECTS; i++)
        fl_lock(&object[i]->lock);
    bool took = take(object[0], word) || take(object[1], word);
    for (unsigned i = 0; i < OBJECTS; i++) {
        node[i] = (fl_node){.waiter = &waiter, .data = word};
        if (!took)
            fl_waiters_add(&object[i]->queue, &node[i]);
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        fl_unlock(&object[i]->lock);
    int rc = took ? 0 : fl_waiter_wait(&waiter, until(mc_self()));
    for (unsigned i = 0; i < OBJECTS && !took; i++)
        if (waiter.winner != &node[i]) {
            fl_lock(&object[i]->lock);
            fl_waiters_remove(&object[i]->queue, &node[i]);
            fl_unlock(&object[i]->lock);
        }
    return rc;
}

static void wait_for_both(void)
{
    unsigned word = 0;
    int rc = enter_both(&word);
    waiting_returned();
    waiting_came_out(rc, &waiting_ways_usual);
    check_outcome(rc, word);
}

/* ---- Telling ---- */

static void give(struct object *to)
{
    count(&given);
    fl_lock(&to->lock);
    bool any = fl_waiters_any(&to->queue);
    fl_node *node = fl_waiters_claim(&to->queue);
    if (any && !node)
        reaches_note("a teller too late");
    if (node)
        *(unsigned *)node->data = WORD;
    else
        to->permits++;
    fl_unlock(&to->lock);
    if (node)
        fl_waiter_tell(node->waiter, node, 0);
}

static void close(struct object *what)
{
    fl_lock(&what->lock);
    what->closed = true;
    fl_tell_all(&what->lock, &what->queue, -EPIPE);
}

static unsigned how_many(const char *of)
{
    unsigned all = 0;
    for (const char *role = shape.roles; *role; role++)
        all += strchr(of, *role) != NULL;
    return all;
}

static void dismiss(struct object *what)
{
    for (unsigned i = 0; i < how_many("w");)
        i = (unsigned)mc_await(&what->entered, 4, i, MC_HERE);
    fl_lock(&what->lock);
    fl_dismiss(&what->lock, &what->queue);
    free(what);
}

/* ---- Threads ---- */

static void body(unsigned thread)
{
    switch (shape.roles[thread]) {
    case 'w':
    case 'u':
    case 'f':
        wait_for_one();
        break;
    case 'b':
        wait_for_both();
        break;
    case 'c':
        close(object[0]);
        break;
    case 'd':
        dismiss(object[0]);
        break;
    case 'k':
        waiting_timer_thread();
        break;
    case 's':
        waiting_aside();
        return;
    default:
        give(object[shape.roles[thread] - '0']);
    }
    waiting_ends();
}

/* ---- Before and after ---- */

static void lay_out(struct shape chosen)
{
    static const char *const name[OBJECTS][2] = {{"lock", "entered"}, {"lock 2", "entered 2"}};
    shape = chosen;
    given = got = 0;
    waiting_setup(shape.fibers, (unsigned)strlen(shape.roles) - how_many("ks"));
    waiting_setup_timers();
    if (strchr(shape.roles, 's'))
        waiting_setup_aside();
    for (unsigned i = 0; i < OBJECTS; i++) {
        object[i] = mc_alloc(sizeof *object[i], _Alignof(struct object));
        memset(object[i], 0, sizeof *object[i]);
        mc_name(&object[i]->lock, name[i][0]);
        mc_name(&object[i]->entered, name[i][1]);
    }
}

static void finish(void)
{
    reaches_tell();
    if (strchr(shape.roles, 'd'))
        return;
    MC_CLAIM(got + object[0]->permits + object[1]->permits == given,
             "a permit is lost, or got twice");
    for (unsigned i = 0; i < OBJECTS; i++)
        MC_CLAIM(!fl_waiters_any(&object[i]->queue), "somebody is left in a queue");
}

#define FIRST 1u
#define SECOND 2u
MC_SHAPE(fiber, .roles = "w0", .fibers = FIRST)
MC_SHAPE(thread, .roles = "w0")
MC_SHAPE(aside, .roles = "w0s", .fibers = FIRST)
MC_SHAPE(several, .roles = "ww00", .fibers = FIRST)
MC_SHAPE(all, .roles = "wwc", .fibers = FIRST)
MC_SHAPE(first_before_timed, .roles = "wf00", .fibers = SECOND, .timed = true)
MC_SHAPE(close_behind_timed, .roles = "wuc", .fibers = SECOND, .timed = true)
MC_SHAPE(both_fiber, .roles = "b01", .fibers = FIRST)
MC_SHAPE(both_thread, .roles = "b01")
MC_SHAPE(timed_fiber, .roles = "w0k", .fibers = FIRST, .timed = true)
MC_SHAPE(timed_thread, .roles = "w0", .timed = true)
MC_SHAPE(timed_aside, .roles = "w0ks", .fibers = FIRST, .timed = true)
MC_SHAPE(timed_several, .roles = "ww0k", .fibers = FIRST, .timed = true)
MC_SHAPE(timed_behind, .roles = "wu00k", .fibers = FIRST, .timed = true)
MC_SHAPE(timed_both_fiber, .roles = "b01k", .fibers = FIRST, .timed = true)
MC_SHAPE(timed_both_thread, .roles = "b01", .timed = true)
MC_SHAPE(dismissed, .roles = "wwd", .fibers = FIRST)
MC_SHAPE(dismissed_fiber, .roles = "wdk", .fibers = FIRST | SECOND, .timed = true)
MC_SHAPE(dismissed_thread, .roles = "wd", .timed = true)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }
#define THREADS(...) .threads = {__VA_ARGS__}
#define MEETS .reaches = {"no wait", "a wait"}
#define ENDS .reaches = {"an error at once", "a wait that ends in an error"}
#define BOTH .reaches = {"no wait", "a wait", "a teller too late"}
#define LATE "a time-out", "a time limit too late"
#define TIMED .reaches = {LATE, "a wait", "a teller too late"}
#define STOPS .reaches = {LATE, "a wait", "a teller too late", "a timer stopped"}
#define ENDS_LATE .reaches = {LATE, "a wait that ends in an error"}

const mc_model mc_models[] = {
    ROW(fiber, "a fiber waits", THREADS("fiber", "teller"), MEETS),
    ROW(thread, "a thread waits", THREADS("thread", "teller"), MEETS),
    ROW(aside, "the fiber goes on elsewhere", THREADS("fiber", "teller", "its worker"), MEETS),
    ROW(several, "two wait, two tell", THREADS("fiber", "thread", "teller", "teller 2"), MEETS),
    ROW(all, "all are told", THREADS("fiber", "thread", "closer"), ENDS),
    ROW(first_before_timed, "one waits in front of another, whose time is over",
        THREADS("thread", "fiber", "teller", "teller 2"), .bound = 0, TIMED),
    ROW(close_behind_timed, "all are told, also behind one whose time is over",
        THREADS("thread", "fiber", "closer"), ENDS_LATE),
    ROW(both_fiber, "a fiber in two queues", THREADS("fiber", "teller", "teller 2"), BOTH),
    ROW(both_thread, "a thread in two queues", THREADS("thread", "teller", "teller 2"), BOTH),
    ROW(timed_fiber, "a fiber is told, or its time comes",
        THREADS("fiber", "teller", "timer_thread"), STOPS),
    ROW(timed_thread, "a thread is told, or its time comes", THREADS("thread", "teller"), TIMED),
    ROW(timed_aside, "the same, it goes on elsewhere",
        THREADS("fiber", "teller", "timer_thread", "its worker"), STOPS),
    ROW(timed_several, "two wait for one, or time",
        THREADS("fiber", "thread", "teller", "timer_thread"), STOPS),
    ROW(timed_behind, "whose time comes hides nobody",
        THREADS("fiber", "thread", "teller", "teller 2", "timer_thread"), STOPS),
    ROW(timed_both_fiber, "a fiber in two queues, with time",
        THREADS("fiber", "teller", "teller 2", "timer_thread"), STOPS),
    ROW(timed_both_thread, "a thread in two queues, with time",
        THREADS("thread", "teller", "teller 2"), TIMED),
    ROW(dismissed, "two wait for what is destroyed", THREADS("fiber", "thread", "destroyer"), ENDS),
    ROW(dismissed_fiber, "time against destroy, fibers",
        THREADS("fiber", "destroyer", "timer_thread"), ENDS_LATE),
    ROW(dismissed_thread, "time against destroy, threads", THREADS("thread", "destroyer"),
        ENDS_LATE),
    {.name = NULL}};
