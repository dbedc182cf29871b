/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Mutex, semaphore, reader-writer lock and once. Real:
 * runtime/sync/{mutex,permits,semaphore,rwlock, once,wait,timer_heap}. Played: the lock inside each
 * object, fibers, the timer thread (tests/model/system/waiting.h), and the clock: between two looks
 * at it either nothing has passed, or more than the mutex's patience.
 *
 * Each thread follows a script. A letter acquires: M the mutex, 1 or 2 permits of the semaphore, R
 * the reader-writer lock for reading, W for writing; a lower-case letter (for permits: i, z) does
 * so with a deadline, and ? before a letter only tries. U releases the acquired object, if any; +
 * releases one permit that was not acquired; O calls once; F frees all objects; k is the timer
 * thread. If the first thread `holds` something, it has acquired that before the others begin.
 *
 * Claims: exclusive holders are alone, and see what earlier holders wrote; shared holders see no
 * write. Every thread continues; in the end all objects are free, with every permit back and nobody
 * queued. A holder may free the object as soon as it has acquired it. A once function has run,
 * once, when any call returns. */
#include <filch/sync.h>
#include <runtime/sync/permits.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>
#include <tests/model/system/waiting.h>

#include <errno.h>
#include <string.h>

static struct objects {
    filch_mutex mutex;
    filch_semaphore semaphore;
    filch_rwlock rwlock;
    filch_once_flag once;
} * all;

static struct shape {
    const char *script[MC_THREADS + 1];
    char holds;       /* a letter: the object that the first thread has acquired */
    unsigned fibers;  /* the threads that are fibers, as bits */
    unsigned permits; /* of the semaphore, at first, */
    unsigned kept;    /* and so many fewer in the end: their scripts end without U */
} shape;
static bool left[MC_THREADS];    /* because its time was over */
static volatile unsigned writes; /* plain, by exclusive holders and by the once function */

/* ---- What the letters acquire and release ---- */

static int take_mutex(int64_t until)
{
    return filch_mutex_lock_until(&all->mutex, until);
}

/* A mutex that was handed over stays locked, and says so until its new holder runs. */
MC_UNCHECKED static void note_handed(void)
{
    enum { HANDED = 4 };
    if (all->mutex.state.filch_value & HANDED)
        reaches_note("a mutex handed over");
}

static void give_mutex(void)
{
    filch_mutex_unlock(&all->mutex);
    note_handed();
}

static int take_one(int64_t until)
{
    return filch_semaphore_acquire_until(&all->semaphore, 1, until);
}

static void give_one(void)
{
    filch_semaphore_give_back(&all->semaphore, 1);
}

static int take_two(int64_t until)
{
    return filch_semaphore_acquire_until(&all->semaphore, 2, until);
}

static void give_two(void)
{
    filch_semaphore_give_back(&all->semaphore, 2);
}

static int read_lock(int64_t until)
{
    return filch_rwlock_read_lock_until(&all->rwlock, until);
}

static void read_unlock(void)
{
    filch_rwlock_read_unlock(&all->rwlock);
}

static int write_lock(int64_t until)
{
    return filch_rwlock_write_lock_until(&all->rwlock, until);
}

static void write_unlock(void)
{
    filch_rwlock_write_unlock(&all->rwlock);
}

static const struct act {
    char forever, timed;
    int (*take)(int64_t until);
    void (*give)(void);
    unsigned permits; /* wanted of the semaphore; a thread that has all of them is alone */
    bool alone;
} acts[] = {{'M', 'm', take_mutex, give_mutex, 0, true},
            {'1', 'i', take_one, give_one, 1, false},
            {'2', 'z', take_two, give_two, 2, false},
            {'R', 'r', read_lock, read_unlock, 0, false},
            {'W', 'w', write_lock, write_unlock, 0, true}};

static const struct act *act_of(char letter)
{
    for (const struct act *act = acts; act < acts + sizeof acts / sizeof *acts; act++)
        if (letter == act->forever || letter == act->timed)
            return act;
    mc_fail("a script has an unknown letter");
    return NULL;
}

/* ---- Threads ---- */

static void use(const struct act *act)
{
    unsigned before = writes;
    if (act->alone || (act->permits && act->permits == shape.permits))
        writes = before + 1;
    else /* volatile: it is read twice */
        MC_CLAIM(writes == before, "a shared holder sees a write");
}

MC_UNCHECKED static void note_outcome(int rc, bool tries)
{
    static const waiting_ways trying = {.at_once = "a try that succeeds",
                                        .late = "a try that fails"};
    if (waiting_came_out(rc, tries ? &trying : &waiting_ways_usual) > 1)
        reaches_note("a second wait in one call");
    left[mc_self()] |= rc && !tries;
}

static const struct act *acquire(char letter, bool tries)
{
    const struct act *act = act_of(letter);
    bool timed = letter == act->timed;
    int rc = act->take(tries ? 0 : timed ? WAITING_LATER : FILCH_FOREVER);
    waiting_returned();
    note_outcome(rc, tries);
    MC_CLAIM(rc == 0 || (rc == -ETIMEDOUT && (tries || timed)), "an error of nothing");
    if (rc)
        return NULL;
    use(act);
    return act;
}

static void release(const struct act *held)
{
    if (!held)
        return;
    use(held);
    held->give();
}

static void called(void *unused)
{
    (void)unused;
    writes = writes + 1;
}

static void call_once(void)
{
    filch_once(&all->once, called, NULL);
    waiting_returned();
    waiting_came_out(0, &waiting_ways_usual);
    MC_CLAIM(writes == 1, "a once function has not run, or twice");
}

static void body(unsigned thread)
{
    const struct act *held = thread == 0 && shape.holds ? act_of(shape.holds) : NULL;
    for (const char *at = shape.script[thread]; *at; at++)
        switch (*at) {
        case 'U':
            release(held);
            held = NULL;
            break;
        case '+':
            give_one();
            break;
        case 'O':
            call_once();
            break;
        case 'F':
            mc_free(all);
            break;
        case 'k':
            waiting_timer_thread();
            break;
        case '?':
            held = acquire(*++at, true);
            break;
        default:
            held = acquire(*at, false);
        }
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
    writes = 0;
    memset(left, 0, sizeof left);
    unsigned threads = 0;
    while (shape.script[threads])
        threads++;
    waiting_setup(shape.fibers, threads - any('k'));
    waiting_setup_timers();
    clock_setup(true);
    all = mc_alloc(sizeof *all, _Alignof(struct objects));
    memset(all, 0, sizeof *all);
    filch_semaphore_init(&all->semaphore, shape.permits);
    if (shape.holds)
        act_of(shape.holds)->take(0);
    mc_name(&all->mutex.state, "mutex");
    mc_name(&all->mutex.lock, "mutex's lock");
    mc_name(&all->semaphore.permits.balance, "permits");
    mc_name(&all->semaphore.permits.lock, "permits' lock");
    mc_name(&all->rwlock.permits.balance, "rwlock");
    mc_name(&all->rwlock.permits.lock, "rwlock's lock");
    mc_name(&all->once.state, "once");
    mc_name(&all->once.lock, "once's lock");
    mc_name((const void *)&writes, "writes");
}

/* Those behind a waiter that has left continue by its doing. */
static void tell_passed(void)
{
    for (unsigned i = 0; shape.script[i]; i++) {
        int by = waiting_resumed_by(i);
        if (by >= 0 && left[by])
            mc_reached("a wait ended by a waiter that left");
    }
}

static void finish(void)
{
    reaches_tell();
    tell_passed();
    if (any('F'))
        return;
    unsigned more = 0;
    for (unsigned i = 0; shape.script[i]; i++)
        for (const char *at = shape.script[i]; *at; at++)
            more += *at == '+';
    MC_CLAIM(!fl_waiters_any(&all->mutex.waiters) && !fl_waiters_any(&all->once.waiters) &&
                 !fl_waiters_any(&all->semaphore.permits.waiters) &&
                 !fl_waiters_any(&all->rwlock.permits.waiters),
             "somebody is left in a queue");
    MC_CLAIM(!filch_u32_load(&all->mutex.state, FILCH_RELAXED) && !all->mutex.woken,
             "the mutex is not as at first");
    MC_CLAIM(filch_semaphore_available(&all->semaphore) == shape.permits + more - shape.kept,
             "a permit is lost, or made");
    MC_CLAIM(fl_permits_balance(&all->rwlock.permits) == 0, "the reader-writer lock is not free");
}

#define FIRST 1u
#define SECOND 2u
#define THIRD 4u
MC_SHAPE(MU_MU, .script = {"MU", "MU"}, .fibers = FIRST)
MC_SHAPE(MUMU_MU, .script = {"MUMU", "MU"}, .fibers = SECOND)
MC_SHAPE(M_free, .script = {"U", "MF"}, .holds = 'M', .fibers = SECOND)
MC_SHAPE(M_try, .script = {"MU", "?MU", "MU"}, .fibers = FIRST)
MC_SHAPE(M_late, .script = {"U", "mU"}, .holds = 'M')
MC_SHAPE(M_late_k, .script = {"U", "mU", "k"}, .holds = 'M', .fibers = SECOND)
MC_SHAPE(M_three, .script = {"U", "MU", "MU"}, .holds = 'M', .fibers = SECOND | THIRD)
MC_SHAPE(M_barge, .script = {"UMU", "MU", "mU"}, .holds = 'M', .fibers = SECOND)
MC_SHAPE(P_one, .script = {"1U", "1U"}, .permits = 1, .fibers = FIRST)
MC_SHAPE(P_free, .script = {"U", "1F"}, .holds = '1', .permits = 1, .fibers = SECOND)
MC_SHAPE(P_given, .script = {"++", "2U"}, .fibers = SECOND)
MC_SHAPE(P_two, .script = {"U", "1U", "1U"}, .holds = '2', .permits = 2, .fibers = SECOND)
MC_SHAPE(P_kept, .script = {"U", "1", "1"}, .holds = '2', .permits = 2, .kept = 2, .fibers = THIRD)
MC_SHAPE(P_late, .script = {"U", "zU", "1U"}, .holds = '1', .permits = 2, .fibers = THIRD)
MC_SHAPE(P_late_k, .script = {"U", "iU", "k"}, .holds = '1', .permits = 1, .fibers = SECOND)
MC_SHAPE(RW, .script = {"RU", "WU"}, .fibers = FIRST)
MC_SHAPE(RW_free, .script = {"U", "WF"}, .holds = 'R', .fibers = SECOND)
MC_SHAPE(RWR, .script = {"RU", "WU", "RU"}, .fibers = SECOND)
MC_SHAPE(WRR, .script = {"U", "RU", "RU"}, .holds = 'W', .fibers = SECOND)
MC_SHAPE(RwR, .script = {"U", "wU", "RU"}, .holds = 'R', .fibers = THIRD)
MC_SHAPE(R_try, .script = {"WU", "?RU", "?WU"})
MC_SHAPE(O_O, .script = {"O", "O"}, .fibers = FIRST)
MC_SHAPE(O_O_O, .script = {"O", "O", "OO"}, .fibers = FIRST | SECOND)

#define ROW(name, what, ...)                                                                       \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish,                        \
                     .may_rest = waiting_rests, __VA_ARGS__                                        \
    }
#define TWO .threads = {"first", "second"}
#define THREE .threads = {"first", "second", "third"}
#define WAITS .reaches = {"a wait"}
#define MEETS .reaches = {"no wait", "a wait"}
#define HANDED .reaches = {"a wait", "a mutex handed over"}
#define BARGES .reaches = {"a mutex handed over", "a second wait in one call"}
#define TRIES .reaches = {"a wait", "a try that succeeds", "a try that fails"}
#define LATE .reaches = {"a wait", "a time-out", "a time limit too late"}
#define STOPS .reaches = {"a time-out", "a time limit too late", "a timer stopped"}
#define PASSES .reaches = {"a time-out", "a wait ended by a waiter that left"}
#define TIMED .threads = {"first", "second", "timers"}

const mc_model mc_models[] = {
    ROW(MU_MU, "a mutex", TWO, HANDED),
    ROW(MUMU_MU, "a mutex that its holder takes again", TWO, .bound = 0, BARGES),
    ROW(M_free, "the next holder frees the mutex", TWO, MEETS),
    ROW(M_try, "two lock a mutex, a third tries", THREE, .random = 30000, TRIES),
    ROW(M_late, "a thread waits for a mutex, with a deadline", TWO, LATE),
    ROW(M_late_k, "a fiber does", TIMED, STOPS),
    ROW(M_three, "two wait for a mutex", THREE, .random = 30000, HANDED),
    ROW(M_barge, "a woken waiter comes too late, and goes to the front", THREE, .random = 60000,
        BARGES),
    ROW(P_one, "a semaphore of one permit", TWO, WAITS),
    ROW(P_free, "the next holder frees the semaphore", TWO, MEETS),
    ROW(P_given, "two permits, one by one, for a waiter that wants two", TWO, MEETS),
    ROW(P_two, "two permits at once for two waiters", THREE, .bound = 0, MEETS),
    ROW(P_kept, "the same, and they keep them", THREE, .bound = 0, MEETS),
    ROW(P_late, "a waiter that leaves lets a smaller one pass", THREE, .bound = 0, PASSES),
    ROW(P_late_k, "a fiber waits for a permit, with a deadline", TIMED, STOPS),
    ROW(RW, "a reader and a writer", TWO, WAITS),
    ROW(RW_free, "the next writer frees the lock", TWO, MEETS),
    ROW(RWR, "two readers and a writer", THREE, .bound = 4, WAITS),
    ROW(WRR, "two readers wait for a writer", THREE, .bound = 0, MEETS),
    ROW(RwR, "a writer that leaves lets a reader pass", THREE, .bound = 0, PASSES),
    ROW(R_try, "a writer, and two that try", THREE, .bound = 0, TRIES),
    ROW(O_O, "two call once", TWO, WAITS),
    ROW(O_O_O, "three do", THREE, WAITS),
    {.name = NULL}};
