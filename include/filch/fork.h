/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fork and join as plain functions, which underlie the macros of <filch/task.h>. For engineers who
 * generate code or call Filch from another language, and for readers who want to see the cost of
 * a fork: about seventeen instructions together with its join, none of them locked.
 *
 * A fiber's fork stack is a Chase-Lev deque whose bottom lives in a register: a header and 64-byte
 * slots, in a region that is aligned to its own size. `self`, the first argument of every task
 * function, points to the next free slot; masking it finds the region, and so the header. A slot
 * publishes itself: task != NULL says "there is a task here". The owner works at self, thieves
 * at `top`; the owner reads `top` in every join and never writes it there.
 *
 * Memory-order edges of the inline path (the other ends are in sched/forkstack.c):
 *   PublishTask, fork: store task, release          -> RobberFence: after its heavy fence a
 *                                                      thief loads task, acquire; it sees the
 *                                                      arguments
 *   ReadLimit: light fence, load limit, relaxed     |  LastScan: a sleeper exchanges limit,
 *                                                      heavy fence, loads task; one of the two
 *                                                      sees the other (docs/internals/idle.md)
 *   EraseTask, join: store task = NULL, relaxed     |  MarkAsked, RobberFence: a robber, ASKED
 *                                                      into top, heavy fence, load
 *   ReadTop: light fence, load top, relaxed         task; one of the two sees the other
 *      (docs/internals/memory-model.md)
 *
 * Life: a slot belongs to its fiber. The last task forked is joined first, by the function that
 * forked it; this also holds for two forks of the same task.
 * Threads: only the task that was given `self` may use it.
 * Errors: none are returned; misuse ends in filch_die. Builds with FILCH_DEBUG (which works with
 * any build of the library) detect all misuse; others only where a check costs the inline path
 * nothing.
 * Suspends: joins, and forks beyond a full fork stack.
 * Since 0.1.0. */
#ifndef FILCH_FORK_H
#define FILCH_FORK_H
#include <filch/detail/hide_words.h>

#include <filch/atomic.h>

typedef struct filch_slot filch_slot;

/* A task's place: the next free slot of its fiber's fork stack. Passed by value to every
 * function that forks. It stays valid when the fiber moves to another worker. Do not use it after
 * the task function returns. */
typedef filch_slot *filch_self;

/* Runs a task of unknown type for a thief: takes the arguments from slot, runs the task, stores
 * the result there. */
typedef void filch_run_fn(filch_self self, filch_slot *slot);
/* A task: its function, and its name for reports. A constant of the program. */
typedef struct filch_task {
    filch_run_fn *run;
    const char *name;
} filch_task;

/* Bytes for a task's arguments, and for its result, in its slot. */
#define FILCH_SLOT_BYTES 40
#ifdef FILCH_TINY
#ifndef FILCH_REGION_SIZE /* the models of the model checker have more slots */
#define FILCH_REGION_SIZE ((uintptr_t)1 << 14)
#endif
#define FILCH_HEADER_AT ((uintptr_t)0)
#else
/* The bytes and the alignment of a fiber's region. */
#define FILCH_REGION_SIZE ((uintptr_t)1 << 20)
/* The offset of the fork stack's header in its region. The C stack grows down from there, so one page
 * holds the oldest frames, the header and the first slots. Many fibers need no other. */
#define FILCH_HEADER_AT ((uintptr_t)2816)
#endif

struct filch_slot {
    filch_ptr task;  /* const filch_task *, or NULL: empty. Written only by the owner */
    filch_ptr state; /* progress of a stolen task: see sched/forkstack.h */
    const filch_task
        *claimed; /* copy of task for a thief that was handed this slot: a join erases `task` */
    uint64_t args[FILCH_SLOT_BYTES / 8]; /* arguments, then result */
} FILCH_ALIGNED(64);

/* The part of a fork stack that the inline path uses; the rest of the header belongs to
 * sched/forkstack.h. */
typedef struct filch_forkstack {
    filch_ptr limit; /* self at or beyond it takes the slow path: the last slot, or NULL = "come
                        here" */
    char apart1[FILCH_APART - sizeof(filch_ptr)];
    filch_u64 top; /* asked: 1 bit, outline: 1, index of the oldest unstolen slot: 15, tag: 47 */
    char apart2[FILCH_APART - sizeof(filch_u64)];
} filch_forkstack;

FILCH_BEGIN_DECLS

/* Out-of-line twins of the inline functions below, for callers that cannot inline C. The two may
 * be mixed. */

/* Forks a task whose arguments are already in self->args (see filch_arguments). Returns the new
 * self, which the caller uses from then on. Any task; may hand work to an idle worker; never fails.
 * If the fork stack, or the configured queue, is full, the task runs at once and so may suspend.
 * This function always returns the next slot, so it ends in filch_die at 160 forks beyond the full
 * stack. A loop of FILCH_FORK has no such limit (runtime/engine/fork_join.h). */
FILCH_API filch_self filch_fork(filch_self self, const filch_task *task);

/* Joins the task in `slot`, the last one forked and not yet joined (slot = self - 1; it is the
 * caller's self from then on). Returns 1 if the task is still here: the caller runs it with the
 * arguments in slot->args. Returns 0 if a thief ran it: its result is in slot->args. If the task
 * panicked there (<filch/panic.h>), the caller panics too and the call does not return. May
 * suspend the fiber: thread-locals, errno and the worker can differ afterwards. */
FILCH_API int filch_join(filch_slot *slot);

/* Returns the place of a task's arguments for a fork and of its result after a join:
 * FILCH_SLOT_BYTES bytes. */
FILCH_API void *filch_arguments(filch_slot *slot);

/* The out-of-line halves; called only by the inline functions. They are not marked cold: gcc
 * would move the code after the call into the cold section too, and a fork/join would cost 1.2
 * times as much. The join gets the address of its task's name, not of the task. A fork stores
 * the latter, so gcc would keep it in a register for both (5 % more instructions where a
 * recursion forks three times). */
FILCH_API void fl_fork_slow(filch_self self);
/* The same for callers that use the returned self. After a join that returned 0 it is the joined
 * slot, the caller's self. */
FILCH_API filch_self fl_fork_moves(filch_self self);
/* The same for a join. */
FILCH_API filch_self fl_join_moves(filch_slot *slot);
/* The out-of-line half of a join; returns as filch_join. name: the address of the task's name. */
FILCH_API int fl_join_slow(filch_slot *slot, const char *const *name);

/* clang has a calling convention that preserves all the caller's general registers except r11. With
 * it a task needs one callee-saved register fewer, and a leaf none. It is called through pointers,
 * since the lazy binding of a PLT would clobber r10. The targets are in
 * runtime/platform/switch/sparing_x86_64.S. */
#if defined(__clang__) && defined(__x86_64__)
#define FILCH_SPARING __attribute__((__preserve_most__))
typedef struct filch_sparing {
    FILCH_SPARING void (*fork_slow)(filch_self self);
    FILCH_SPARING int (*join_slow)(filch_slot *slot, const char *const *name);
} filch_sparing;
/* The two slow paths in that convention. */
FILCH_API extern const filch_sparing fl_sparing_calls;
#define FILCH_FORK_SLOW(self) fl_sparing_calls.fork_slow(self)
#define FILCH_JOIN_SLOW(slot, name) fl_sparing_calls.join_slow(slot, name)
#else
/* The out-of-line half of a fork, for filch_fork_inline. */
#define FILCH_FORK_SLOW(self) fl_fork_slow(self)
/* The out-of-line half of a join, for filch_join_inline: slot is the one joined, name the address
 * of its task's name. */
#define FILCH_JOIN_SLOW(slot, name) fl_join_slow(slot, name)
#endif

/* ---- The checks of a debug build (FILCH_DEBUG); each ends in filch_die ---- */

/* Is self the next free slot of the task that runs here, in its runtime's floating-point mode? */
FILCH_API FILCH_COLD void fl_check_fork(filch_self self, const filch_task *task);
/* Is this the task of the newest unjoined fork? */
FILCH_API FILCH_COLD void fl_check_join(filch_slot *slot, const filch_task *task);
/* Has the task joined all its forks? Called in every build where a stolen or outside task ends,
 * since there it costs the inline path nothing. */
FILCH_API FILCH_COLD void fl_check_return(filch_self self, const filch_task *task);
/* Lets the calling task fork in any floating-point mode: FILCH_ANY_FPMODE. */
FILCH_API FILCH_COLD void fl_check_any_fpmode(filch_self self);

FILCH_END_DECLS

#ifdef FILCH_DEBUG
#define FILCH_CHECK(call) (call)
#else
/* Makes the call in builds with FILCH_DEBUG, and none in others. */
#define FILCH_CHECK(call) ((void)0)
#endif

/* Returns the fork stack in a region. */
static inline filch_forkstack *filch_forkstack_in(uintptr_t region)
{
    return (filch_forkstack *)(region + FILCH_HEADER_AT);
}

/* Returns the fork stack of a slot: the header in its region. */
static inline filch_forkstack *filch_forkstack_of(filch_slot *slot)
{
    return filch_forkstack_in((uintptr_t)slot & ~(FILCH_REGION_SIZE - 1));
}

/* Returns the region of a slot. It is opaque to the compiler, which masks a register where needed,
 * instead of keeping the region of every level of an inlined recursion on the stack. The second
 * barrier hides that the low bits are zero; otherwise the compiler would keep the header's address as
 * well. */
static inline uintptr_t filch_region_here(filch_slot *slot)
{
    uintptr_t region = (uintptr_t)slot;
    __asm__("" : "+r"(region));
    region &= ~(FILCH_REGION_SIZE - 1);
    __asm__("" : "+r"(region));
    return region;
}

/* Returns the slot's place in the encoding of `top`, tag 0, not asked. Masked first: a stray
 * address bit would read as "asked". */
static inline uint64_t filch_position(const filch_slot *slot)
{
    return (uint64_t)((uintptr_t)slot & (FILCH_REGION_SIZE - 1)) << 41;
}

/* Forks a task whose arguments are in self->args, and returns the new self, as filch_fork. moves is
 * a constant: the caller can take another self than the next. */
static inline filch_self filch_fork_moving(filch_self self, const filch_task *task, int moves)
{
    FILCH_CHECK(fl_check_fork(self, task));
    filch_ptr_store(&self->task, (void *)(uintptr_t)task, FILCH_RELEASE); /* PublishTask */
    filch_fence_light();                                                  /* ReadLimit */
    uintptr_t region = filch_region_here(self);
    void *limit = filch_ptr_load(&filch_forkstack_in(region)->limit, FILCH_RELAXED); /* ReadLimit */
    self++;
    if (FILCH_UNLIKELY((uintptr_t)self >= (uintptr_t)limit)) {
        if (moves)
            self = fl_fork_moves(self);
        else
            FILCH_FORK_SLOW(self);
    }
    return self;
}

/* Forks as filch_fork does, inlined. */
static inline filch_self filch_fork_inline(filch_self self, const filch_task *task)
{
    return filch_fork_moving(self, task, 0);
}

/* Joins as filch_join does, inlined; task is the one forked into slot.
 * The comparison is top < filch_position(slot + 1), converted from positions to addresses: no thief
 * has taken the task. The remains of the tag are less than a slot, and "asked" lies above every
 * address of the region. */
static inline int filch_join_inline(filch_slot *slot, const filch_task *task)
{
    FILCH_CHECK(fl_check_join(slot, task));
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED); /* EraseTask */
    filch_fence_light();                               /* ReadTop */
    uintptr_t region = filch_region_here(slot);
    uint64_t top = filch_u64_load(&filch_forkstack_in(region)->top, FILCH_RELAXED); /* ReadTop */
    return FILCH_LIKELY(region + (top >> 41) < (uintptr_t)(slot + 1)) ||
           FILCH_JOIN_SLOW(slot, &task->name);
}

#include <filch/detail/show_words.h>
#endif
