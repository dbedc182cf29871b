/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Contexts: cancel against release, timer, creation and waiting, in a tree of three. Real:
 * runtime/sync/{cancellation,wait,timer_heap}. Played: locks, fibers and the timer thread
 * (tests/model/system/waiting.h).
 *
 * At first there are a parent, its child, and the child's child, as many as the model says. Each
 * thread has a script. x cancels the parent, y the child. o writes a word and cancels the parent; l
 * looks at the parent's cause and, when it is done, reads the word. n creates a child of the
 * parent, t one with a deadline. w waits for the parent, v for the child. p, c and g release the
 * parent, the child, the child's child. k is the timer thread. z, by a task of the parent, takes a permit,
 * for which it waits until its context is done; d gives one.
 *
 * Claims: exactly one canceller succeeds, and its cause stays; every descendant is done for that
 * cause, or was done before. Waiters continue; writes before the cancellation are seen; nobody
 * touches freed memory, and everything is freed in the end. A permit is taken, or still there: a wait that
 * its context ends loses none. */
#include <runtime/sync/cancellation.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <string.h>

enum { PARENT, CHILD, GRANDCHILD, CONTEXTS, WORD = 4711 };

static filch_context *context[CONTEXTS];

static struct shape {
    const char *script[MC_THREADS + 1];
    unsigned contexts;       /* at first */
    unsigned held[CONTEXTS]; /* so many scripts release it, if more than one */
    unsigned fibers;         /* the threads that are fibers, as bits */
    unsigned timed;          /* 1 + the context that has a deadline */
} shape;
static unsigned word;
static unsigned winners[CONTEXTS];
static int cause[CONTEXTS]; /* of the one that has cancelled it */
static bool cancels;        /* somebody does, for sure */
static struct {
    filch_u32 lock;
    filch_waiters queue;
    unsigned permits, given, taken;
} door;

/* ---- Books ---- */

static int cause_of(unsigned thread)
{
    return -(EPERM + (int)thread);
}

MC_UNCHECKED static void book_cancelled(unsigned which, unsigned by, int rc)
{
    MC_CLAIM(rc == 0 || rc == -EALREADY, "an error of nothing");
    reaches_note(rc   ? "cancelled too late"
                 : by ? "cancelled by the second"
                      : "cancelled by the first");
    if (rc)
        return;
    MC_CLAIM(!winners[which]++, "a context is cancelled twice");
    cause[which] = cause_of(by);
}

/* As far as it has come; no step. */
MC_UNCHECKED static bool is_done(unsigned which)
{
    return context[which]->cause.filch_value;
}

static bool known_cause(int code)
{
    bool may = shape.timed && code == -ETIMEDOUT;
    for (unsigned i = 0; shape.script[i]; i++)
        may |= code == cause_of(i) && strpbrk(shape.script[i], "xyo");
    return may;
}

/* ---- Threads ---- */

static void cancel(unsigned by, unsigned which)
{
    book_cancelled(which, by, filch_context_cancel(context[which], cause_of(by)));
    MC_CLAIM(filch_context_cause(context[which]), "a context that is cancelled is not done");
}

static void look(void)
{
    int code = filch_context_cause(context[PARENT]);
    reaches_note(code ? "a look at a done context" : "a look before");
    MC_CLAIM(!code || word == WORD, "a word from before the cancellation is not there");
}

static void wait(unsigned which)
{
    static const waiting_ways ways = {.refused = "done before the wait",
                                      .ended = "done during the wait"};
    int code = filch_context_wait(context[which], FILCH_FOREVER);
    waiting_returned();
    waiting_came_out(code == -ETIMEDOUT ? -ECANCELED : code, &ways); /* any cause is one */
    MC_CLAIM(known_cause(code), "a context is done for no cause");
}

static void create(int64_t until)
{
    int rc = filch_context_create_until(&context[CHILD], context[PARENT], until);
    MC_CLAIM(rc == 0, "no context can be created");
    reaches_note(is_done(CHILD) ? "created under a done parent" : "created before");
}

static void release(unsigned which)
{
    reaches_note(is_done(which) ? "released when done" : "released before");
    filch_context_release(context[which]);
}

static filch_context *own_context(void *unused)
{
    (void)unused;
    return context[PARENT];
}

static int wait_at_door(void)
{
    fl_worker_here()->running->running.ends_with.context = own_context;
    fl_lock(&door.lock);
    if (!door.permits)
        return fl_wait_cancellable(&door.lock, &door.queue, NULL, FILCH_FOREVER);
    door.permits--;
    fl_unlock(&door.lock);
    return 0;
}

MC_UNCHECKED static void book_taken(int code)
{
    door.taken += !code;
}

static void take(void)
{
    static const waiting_ways ways = {.at_once = "a permit at once",
                                      .told = "a permit after a wait",
                                      .refused = "done before the wait",
                                      .ended = "done during the wait"};
    int code = wait_at_door();
    waiting_returned();
    waiting_came_out(code, &ways);
    MC_CLAIM(!code || code == -ECANCELED, "a wait ends otherwise");
    book_taken(code);
}

static void give(void)
{
    fl_lock(&door.lock);
    fl_node *node = fl_waiters_claim(&door.queue);
    door.permits += !node;
    door.given++;
    fl_unlock(&door.lock);
    if (node)
        fl_waiter_tell(node->waiter, node, 0);
}

static void act(unsigned by, char what)
{
    switch (what) {
    case 'o':
        word = WORD;
        cancel(by, PARENT);
        break;
    case 'x':
    case 'y':
        cancel(by, what == 'x' ? PARENT : CHILD);
        break;
    case 'l':
        look();
        break;
    case 'n':
    case 't':
        create(what == 't' ? WAITING_LATER : FILCH_FOREVER);
        break;
    case 'w':
    case 'v':
        wait(what == 'w' ? PARENT : CHILD);
        break;
    case 'z':
        take();
        break;
    case 'd':
        give();
        break;
    case 'p':
        filch_context_release(context[PARENT]);
        break;
    case 'c':
        release(CHILD);
        break;
    case 'g':
        release(GRANDCHILD);
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

static bool any(const char *what)
{
    for (unsigned i = 0; shape.script[i]; i++)
        if (strpbrk(shape.script[i], what))
            return true;
    return false;
}

static void lay_out_context(unsigned i)
{
    static const char *const name[CONTEXTS][5] = {
        {"parent.lock", "parent.cause", "parent.users", "parent.refs", "parent"},
        {"child.lock", "child.cause", "child.users", "child.refs", "child"},
        {"grandchild.lock", "grandchild.cause", "grandchild.users", "grandchild.refs",
         "grandchild"}};
    int64_t until = shape.timed == 1 + i ? WAITING_LATER : FILCH_FOREVER;
    if (filch_context_create_until(&context[i], i ? context[i - 1] : NULL, until))
        mc_fail("no context can be created");
    for (unsigned j = 1; j < shape.held[i]; j++)
        filch_context_retain(context[i]);
    mc_name(&context[i]->lock, name[i][0]);
    mc_name(&context[i]->cause, name[i][1]);
    mc_name(&context[i]->users, name[i][2]);
    mc_name(&context[i]->refs, name[i][3]);
    mc_name(context[i], name[i][4]);
}

static void lay_out(struct shape chosen)
{
    shape = chosen;
    unsigned threads = 0;
    while (shape.script[threads])
        threads++;
    waiting_setup(shape.fibers, threads - any("k"));
    waiting_setup_timers();
    word = 0;
    memset(winners, 0, sizeof winners);
    memset(cause, 0, sizeof cause);
    cancels = any("xo");
    memset(context, 0, sizeof context);
    memset(&door, 0, sizeof door);
    mc_name(&door.lock, "door.lock");
    for (unsigned i = 0; i < shape.contexts; i++)
        lay_out_context(i);
}

/* Contexts that no script released are checked, then released here. */
static void finish(void)
{
    reaches_tell();
    static const char *const release[CONTEXTS] = {"p", "c", "g"};
    for (unsigned i = 0; i < CONTEXTS; i++) {
        if (!context[i] || any(release[i]))
            continue;
        int code = filch_context_cause(context[i]);
        MC_CLAIM(code || !cancels, "a descendant of a cancelled context is not done");
        MC_CLAIM(!code || known_cause(code), "a context is done for no cause");
        if (code && i)
            mc_reached(winners[i] ? "a child by its own cause" : "a child by its parent's cause");
        MC_CLAIM(!winners[i] || code == cause[i], "a cause does not stay");
        MC_CLAIM(!fl_waiters_any(&context[i]->waiters), "somebody is left in a queue");
        filch_context_release(context[i]);
    }
    MC_CLAIM(door.permits + door.taken == door.given, "a permit is lost");
    MC_CLAIM(!fl_waiters_any(&door.queue), "somebody is left at the door");
    MC_CLAIM(mc_objects() == waiting_objects(), "a context is never freed");
}

#define FIRST 1u
#define SECOND 2u
MC_SHAPE(released, .script = {"xp", "c"}, .contexts = 2)
MC_SHAPE(created, .script = {"xp", "np"}, .contexts = 1, .held = {2})
MC_SHAPE(twice, .script = {"x", "x"}, .contexts = 2)
MC_SHAPE(above_and_below, .script = {"x", "y"}, .contexts = 2)
MC_SHAPE(ordered, .script = {"op", "lp"}, .contexts = 1, .held = {2})
MC_SHAPE(users, .script = {"lp", "op", "p"}, .contexts = 1, .held = {3})
MC_SHAPE(tree, .script = {"xp", "c", "g"}, .contexts = 3)
MC_SHAPE(tree_stays, .script = {"x", "c"}, .contexts = 3)
MC_SHAPE(siblings, .script = {"xp", "npc", "p"}, .contexts = 1, .held = {3})
MC_SHAPE(timed, .script = {"p", "k"}, .contexts = 1, .timed = 1)
MC_SHAPE(timed_cancelled, .script = {"x", "k"}, .contexts = 2, .timed = 1)
MC_SHAPE(timed_released, .script = {"xp", "c", "k"}, .contexts = 2, .timed = 2)
MC_SHAPE(timed_created, .script = {"xp", "tcp", "k"}, .contexts = 1, .held = {2})
MC_SHAPE(timed_tree, .script = {"p", "c", "k"}, .contexts = 2, .timed = 1)
MC_SHAPE(waited_for, .script = {"wp", "xp"}, .contexts = 1, .held = {2}, .fibers = FIRST)
MC_SHAPE(waited_for_by_two, .script = {"wp", "wp", "xp"}, .contexts = 1, .held = {3},
         .fibers = SECOND)
MC_SHAPE(waited_for_below, .script = {"vc", "xp"}, .contexts = 2)
MC_SHAPE(waited_for_in_time, .script = {"wp", "k"}, .contexts = 1, .timed = 1, .fibers = FIRST)

MC_SHAPE(own, .script = {"z", "x", "d"}, .contexts = 1, .fibers = FIRST)
MC_SHAPE(own_by_two, .script = {"z", "z", "x"}, .contexts = 1, .fibers = FIRST | SECOND)

#define THREADS(...) .threads = {__VA_ARGS__}
#define RELEASED "released when done", "released before"
#define CREATED "created under a done parent", "created before"
#define LOOKS .reaches = {"a look at a done context", "a look before"}
#define WAITS .reaches = {"done before the wait", "done during the wait"}
#define STOPS "a timer stopped", "a timer stopped too late"
#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }

const mc_model mc_models[] = {
    ROW(released, "the child is released, the parent cancelled", THREADS("canceller", "child's"),
        .reaches = {RELEASED}),
    ROW(created, "a child is created while its parent is cancelled",
        THREADS("canceller", "creator"), .reaches = {CREATED}),
    ROW(twice, "two cancel", THREADS("canceller", "canceller 2"),
        .reaches = {"cancelled by the first", "cancelled by the second"}),
    ROW(above_and_below, "two cancel, one above the other", THREADS("canceller", "canceller 2"),
        .reaches = {"a child by its own cause", "a child by its parent's cause"}),
    ROW(ordered, "the write before the cancellation", THREADS("canceller", "reader"), LOOKS),
    ROW(users, "three users, the last one frees it", THREADS("reader", "canceller", "user"), LOOKS),
    ROW(tree, "three generations, each goes", THREADS("canceller", "child's", "grandchild's"),
        .reaches = {RELEASED}),
    ROW(tree_stays, "three generations, the middle goes", THREADS("canceller", "child's"),
        .reaches = {RELEASED}),
    ROW(siblings, "created, released, cancelled", THREADS("canceller", "creator", "user"),
        .reaches = {CREATED, RELEASED}),
    ROW(timed, "a deadline against release", THREADS("user", "timer_thread"), .reaches = {STOPS}),
    ROW(timed_cancelled, "a deadline against cancel", THREADS("canceller", "timer_thread"),
        .reaches = {"cancelled by the first", "cancelled too late"}),
    ROW(timed_released, "a child's deadline, its release, cancel above",
        THREADS("canceller", "child's", "timer_thread"), .reaches = {RELEASED, STOPS}),
    ROW(timed_created, "a child with a deadline comes and goes",
        THREADS("canceller", "creator", "timer_thread"), .reaches = {CREATED, STOPS}),
    ROW(timed_tree, "a deadline above, all release", THREADS("parent's", "child's", "timer_thread"),
        .reaches = {STOPS}),
    ROW(waited_for, "a fiber waits", THREADS("waiter", "canceller"), WAITS),
    ROW(waited_for_by_two, "two wait", THREADS("waiter", "waiter 2", "canceller"), WAITS),
    ROW(waited_for_below, "a waiter for the child", THREADS("waiter", "canceller"), WAITS),
    ROW(waited_for_in_time, "a fiber waits for a deadline", THREADS("waiter", "timer_thread"),
        WAITS),
    ROW(own, "a wait of a task, its cancellation, and a permit",
        THREADS("waiter", "canceller", "giver"),
        .reaches = {"a permit at once", "a permit after a wait", "done before the wait",
                    "done during the wait"}),
    ROW(own_by_two, "two waits of a task that is cancelled",
        THREADS("waiter", "waiter 2", "canceller"),
        .reaches = {"done before the wait", "done during the wait"}),
    {.name = NULL}};
