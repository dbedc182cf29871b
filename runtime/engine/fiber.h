/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibers: a fork stack (in a region aligned to its own size) and a C stack. An issued fiber runs a
 * worker's loop. If the task that the loop runs suspends, the whole fiber waits while its worker
 * goes on with another.
 *
 * Memory (runtime/platform/memory/arena.h): each fiber has a unit of an arena, with a guard, its C
 * stack and its fork stack. Pages are committed when touched. fl_fibers_decay returns the memory of
 * bursts to the system. Fibers that were idle for a second lose their pages, and an arena all of
 * whose fibers are idle is replaced as a whole, headers and page tables too. Fibers are taken from
 * the oldest arenas first, so that the newest become idle as a whole.
 *
 * A page fault under the lock would hold up all workers whose tasks begin to wait. So new fibers are made
 * in slabs (below). A worker takes a few units in a row under the lock, and lays out their
 * fibers without it. It keeps one, and puts the others into the free list.
 *
 * Replacing an arena restarts the tags of its fork stacks at 0. A thief that looked at a fork stack
 * before could then win a CAS on `top` that it should lose. So a thread that follows a worker's
 * `current` stays in a read-side section from that load (ReadCurrent) to its last access
 * (fl_look_begin, fl_look_end). An arena is replaced a grace period after its fibers were taken out
 * of the free list. A fiber in the free list is no worker's `current` (SwitchFiber comes before it
 * is put back), so a section that begins after that does not find it. Stale addresses of slots in
 * queues may outlive both: they are only followed by fl_slot_take. Its CAS fails on a zero page,
 * and otherwise takes the task that is offered there, which is correct. tests/model/reclaim.c has
 * this protocol.
 *
 * Threads: get, put and decay by any worker of the runtime, and by its guests.
 *
 * Reports read these words of a fiber that runs or waits elsewhere:
 *   MarkSuspended, it stops: store 1 to suspended,  -> ReadSuspended, a report: load suspended,
 *      release                                         acquire; if it is 1, the call named
 *                                                      before is seen, or NULL if it has gone on
 *                                                      since (never in a report of
 *                                                      runtime/engine/observe/waiting_list.h,
 *                                                      which keeps it there) */
#ifndef FL_FIBER_H
#define FL_FIBER_H

#include <runtime/engine/inbox.h>
#include <runtime/engine/starvation.h>
#include <runtime/platform/memory/arena.h>
#include <runtime/platform/memory/guard.h>
#include <runtime/platform/memory/idle_trim.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/switch/fpmode.h>
#include <runtime/platform/switch/switch_frame.h>
#include <sched/assert.h>
#include <sched/forkstack.h>

#include <pthread.h>

typedef struct fl_fiber fl_fiber;
typedef struct fl_boundary fl_boundary;
struct fl_worker;
struct fl_guest;

/* The context with which the waits of a fiber end, asked for when one begins. NULL: with none. */
typedef struct fl_ends_with {
    struct filch_context *(*context)(void *arg); /* may return NULL: with none */
    void *arg;
} fl_ends_with;

/* The work that a fiber runs. Work on top of it (runtime/engine/help.h) must not see this. */
typedef struct fl_running {
    const filch_task *root; /* the task its loop runs, for reports; NULL: has no name */
    const char *root_file;  /* where that was started, or NULL */
    int root_line;
    struct fl_child *child; /* of a scope (runtime/sync/scope.h) */
    struct filch_job
        *pooled; /* a pool's job, or the one whose outcome it reports (runtime/pool/pool.h), */
    const char *pooled_name; /* while there is one: its name, for reports, */
    const char *pooled_in;   /* and its pool's */
    fl_ends_with ends_with;  /* of a job or a scope's child, or of filch_with_context */
    bool on_runner;          /* none can run in the place of the work item */
    unsigned blocking;       /* pairs of filch_blocking_begin and _end that it is in */
    fl_fpmode forks_in;      /* the mode in which FILCH_ANY_FPMODE allows it to fork */
} fl_running;

struct fl_fiber {
    fl_forkstack stack; /* first: masking `self` finds the fiber */
    /* Used by the worker that runs it, or by its holder */
    struct fl_worker
        *worker;     /* runs it now, or ran it last; read anew after every call that may switch */
    filch_ptr guest; /* struct fl_guest *, whose stack it has; NULL: it has its own */
    fl_switch_frame context;
    fl_fiber *next;      /* in a free list */
    fl_arena *arena;     /* whose unit it is */
    enum fl_guard guard; /* below its C stack */
    fl_running running;
    unsigned arrivals; /* times it was switched to */
    uint32_t number;   /* from 1; 0: a native stack */
    bool trimmed;      /* was trimmed: its C stack is empty */
    unsigned colour;   /* bytes between its C stack's end and the first frame */
    fl_shadow shadow;
    fl_boundary *boundary;      /* the innermost in which it runs: runtime/engine/panic.h */
    struct fl_aside *aside;     /* slots of its reserve on the heap: runtime/engine/fork_join.h */
    filch_slot *joined_instead; /* by a slow join, which its caller asks for next */
    struct filch_defer *defers; /* the newest pending cleanup */
    unsigned stays;             /* pairs of filch_stay_begin and _end that it is in */
    struct fl_chain *chain;     /* of the task that it runs: runtime/engine/observe/work_span.h */
    void *exceptions[2];        /* C++: the content of __cxa_get_globals for its stack */
    fl_work_item wake;          /* carries it through the inbox */
    /* For reports: is it suspended, in which call and for which object? */
    filch_u32 suspended;
    filch_ptr waits_in, waits_for;
    /* The same, of a wait in a seat: may it still wait? NULL: it is none (runtime/engine/help.h). */
    bool (*may_block)(const void *by);
    const void *blocked_by;
};

/* All fibers of a runtime. */
typedef struct fl_fibers {
    pthread_mutex_t lock;
    fl_layout layout;
    fl_arena **arena;        /* by number */
    uint64_t *with_idle;     /* bitmap of arenas that have an idle fiber */
    uint64_t *with_room;     /* ... a unit without a fiber */
    unsigned arenas, places; /* how many there are; have room in these three */
    unsigned count;          /* fibers in existence */
    unsigned used;           /* got, and not put back, */
    unsigned used_most;      /* and the most at a time */
    uint32_t numbered;       /* fibers that have ever existed */
    unsigned dirty;          /* idle ones that have pages */
    fl_decay decay;          /* of `dirty` */
    unsigned renewals;       /* arenas that wait for a grace period */
    unsigned max;            /* and one more for each guest */
    bool few;                /* may be made: workers keep none back */
    enum fl_forkside side;   /* to which fibers are issued */
    filch_u32 capped; /* a hint. 1: few, or no further fiber could be had, and no second with idle
                         ones has passed since */
    fl_starve starve; /* workers that wait for one */
} fl_fibers;

/* max >= first; makes room for `first` fibers at once. stack_size: whole pages, without the guard.
 * Negative errno through fl_fail. */
int fl_fibers_init(fl_fibers *fibers, unsigned first, unsigned max, size_t stack_size,
                   enum fl_forkside side);
/* No worker may run any more. */
void fl_fibers_clear(fl_fibers *fibers);

/* A fiber that will run entry(fiber) when it is switched to, or goes on where it was put back,
 * which has the same effect. Others may be made with it, which are idle. NULL: max_fibers is
 * reached, or the system has no more memory. */
fl_fiber *fl_fibers_get(fl_fibers *fibers, void (*entry)(void *));
/* Puts back a fiber that waits at the bottom of its loop. */
void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber);
/* The same for a guest (runtime/engine/guest.h). Its worker's thread has a fiber, too, which the program did
 * not count; so it may exist besides `max` others. */
fl_fiber *fl_fibers_get_more(fl_fibers *fibers, void (*entry)(void *));
void fl_fibers_put_more(fl_fibers *fibers, fl_fiber *fiber);
/* Calls what(fiber, arg) for each that exists; one that is just being made does not wait in any call. */
void fl_fibers_each(fl_fibers *fibers, void (*what)(fl_fiber *fiber, void *arg), void *arg);
/* How many exist. */
unsigned fl_fibers_count(const fl_fibers *fibers);
/* The same, how many are got and not put back, and the most at a time; all of one moment. */
void fl_fibers_read(const fl_fibers *fibers, uint64_t *count, uint64_t *used, uint64_t *used_most);
/* Frees the memory of idle fibers beyond `keep` that were idle since the last call. Returns when to
 * call it again; 0: nothing is left to free. Does nothing before that time. */
int64_t fl_fibers_decay(fl_fibers *fibers, unsigned keep, int64_t now);

/* Released by a reader at the end of its section, acquired by the thread that frees memory after a
 * grace period: the edge between them, for thread sanitizer. Never read. */
extern char fl_readers;

/* Between these calls the fork stack in a worker's `current` stays that of one fiber.
 * Workers only; may be nested; must not suspend in between. */
static inline void fl_look_begin(void)
{
    urcu_bp_read_lock();
}

static inline void fl_look_end(void)
{
    fl_tsan_release(&fl_readers);
    urcu_bp_read_unlock();
}

/* Is this address in the fiber's guard: has its C stack overflowed? Async-signal-safe. */
bool fl_fiber_guards(const fl_fiber *fiber, const void *address);
/* Has the C stack of a fiber without a guard overflowed, as far as its pages tell? */
bool fl_fiber_overflowed(const fl_fiber *fiber);

static inline void fl_fiber_runs(fl_fiber *fiber, const filch_task *root, const char *file,
                                 int line)
{
    fiber->running.blocking = 0;
    fiber->running.forks_in = FL_FPMODE_NONE;
    fiber->running.root = root;
    fiber->running.root_file = file;
    fiber->running.root_line = line;
}

/* The name of what it runs; NULL: it has none. */
static inline const char *fl_fiber_task(const fl_fiber *fiber)
{
    return fiber->running.pooled ? fiber->running.pooled_name
           : fiber->running.root ? fiber->running.root->name
                                 : NULL;
}

/* Names the reason of the next suspension; every suspension does it. call: the public call that
 * waits, a literal. */
static inline void fl_fiber_waits_in(fl_fiber *fiber, const char *call, const void *object)
{
    filch_ptr_store(&fiber->waits_in, (void *)(uintptr_t)call, FILCH_RELAXED);    /* a report's */
    filch_ptr_store(&fiber->waits_for, (void *)(uintptr_t)object, FILCH_RELAXED); /* the same */
}

/* The guest whose stack it has, or NULL (runtime/engine/guest.h). Changed by its holder. */
static inline struct fl_guest *fl_fiber_guest(const fl_fiber *fiber)
{
    return filch_ptr_load(&fiber->guest, FILCH_RELAXED); /* its holder's; others: a look */
}

/* Before each suspension; fl_fiber_goes_on (runtime/engine/observe/waiting_list.h) ends it. */
static inline void fl_fiber_stops(fl_fiber *fiber)
{
    FL_ASSERT(filch_ptr_load(&fiber->waits_in, FILCH_RELAXED)); /* its own */
    filch_u32_store(&fiber->suspended, 1, FILCH_RELEASE);       /* MarkSuspended */
}

/* The call in which it is suspended; NULL: it runs. Any thread; true at that moment. */
static inline const char *fl_fiber_suspended_in(const fl_fiber *fiber)
{
    return filch_u32_load(&fiber->suspended, FILCH_ACQUIRE)      /* ReadSuspended */
               ? filch_ptr_load(&fiber->waits_in, FILCH_RELAXED) /* the load before orders it */
               : NULL;
}

static inline fl_fiber *fl_fiber_of(filch_slot *slot)
{
    return (fl_fiber *)filch_forkstack_of(slot);
}

/* ---- Slabs ---- */

/* Slabs: new fibers in a row of units of one arena. Making a fiber takes a system call for its
 * guard, and a page fault for its header. The worker that reserved the units does so without the
 * lock of the fibers, so that no other worker waits, and with one system call for all guards.
 *
 * Threads: the one that reserved the slab. Others may read the fibers' atomic words. */

enum { FL_SLAB_MOST = FL_GUARDS_MOST };

typedef struct fl_slab {
    fl_arena *arena;
    unsigned first, count; /* units; up to FL_SLAB_MOST */
    uint32_t number;       /* of the first fiber */
} fl_slab;

/* Makes its fibers, in zero pages, each to run entry(fiber). Returns how many guards are mapped
 * (runtime/platform/memory/guard.h). */
unsigned fl_slab_make(const fl_slab *slab, const fl_fibers *of, void (*entry)(void *));

/* An empty stack, on which entry(fiber) will be called. */
void fl_fiber_lay(fl_fiber *fiber, void (*entry)(void *));

/* ---- Stack overflow ---- */

/* Names the task whose C stack has overflowed, instead of a bare segmentation fault. The handler
 * runs on a signal stack of the worker. It claims addresses in the guard of the fiber that the
 * worker runs. It also claims faults of code whose stack pointer lies below the fiber's stack, but
 * not on the thread's signal stack. It passes everything else to the handler that was there before.
 * Overflows that no guard stopped are found when the fiber suspends with its stack pointer below
 * its stack (fl_overflow_check), and, where the fiber has no guard, when it is put back. */

struct fl_worker;

/* Once per process; negative errno through fl_fail. */
int fl_overflow_install(void);

/* Called first and last on a worker's thread: set its signal stack, and restore the earlier one.
 * `room` belongs to the thread in between. */
size_t fl_overflow_stack_size(void);
void fl_overflow_enter(void *room);
void fl_overflow_exit(void);

/* Ends the process: the C stack of `fiber`, which `worker` runs, has overflowed.
 * Async-signal-safe. */
FILCH_NORETURN void fl_overflow_die(const struct fl_worker *worker, const fl_fiber *fiber);

/* Is the stack pointer below the fiber's stack, and near enough to have come from there? A task may
 * run on a stack that it has made itself. A thread's own stack has no low end here. */
static inline bool fl_overflow_below(const fl_fiber *fiber, uintptr_t sp)
{
    return (uintptr_t)fiber->shadow.low - sp - 1 < (uintptr_t)1 << 30;
}

/* `left` was just switched from. */
static inline void fl_overflow_check(const struct fl_worker *worker, const fl_fiber *left)
{
#ifndef FL_ASAN /* a context may lie on a fake stack */
    if (FILCH_UNLIKELY(fl_overflow_below(left, (uintptr_t)left->context.sp)))
        fl_overflow_die(worker, left);
#else
    (void)worker, (void)left;
#endif
}

#endif
