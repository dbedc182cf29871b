/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fork and join, the plain functions beneath the macros of <filch/task.h>. For engineers who
 * generate code or call Filch from another language, and for readers who want to see what a fork
 * costs: about seventeen instructions together with its join, none of them locked.
 *
 * A fiber's fork stack is a Chase-Lev deque whose bottom lives in a register. Its region is aligned
 * to its own size and holds a header and 64-byte slots. `self`, the first argument of every task
 * function, points to the next free slot; masking it finds the header. A slot publishes itself:
 * task != NULL says "there is a task here". The owner works at self, thieves at `top`; the owner
 * reads `top` in every join and never writes it there.
 *
 * Memory-order edges of the inline path (the other ends are in sched/forkstack.c):
 *   F1 fork: store task, release           -> T2: after its heavy fence a thief loads task,
 *                                             acquire; it sees the arguments
 *   F2 light fence, load limit, relaxed     | I2: a sleeper exchanges limit, heavy fence, loads
 *                                             task; one of the two sees the other (docs/idle.md)
 *   J1 join: store task = NULL, relaxed     | T2, T3: a robber, heavy fence, load task, CAS top;
 *   J2 light fence, load top, relaxed         one of the two sees the other (docs/memory-model.md)
 *
 * Life: a slot belongs to its fiber; what was forked last must be joined first, in the function
 * that forked it.
 * Threads: only the task that was given `self` may use it.
 * Errors: none can be returned; misuse ends in filch_die: all of it in builds with FILCH_DEBUG
 * (which works on any build of the library), else where looking costs the inline path nothing. */
#ifndef FILCH_FORK_H
#define FILCH_FORK_H

#include <filch/atomic.h>

typedef struct filch_slot filch_slot;

/* A task's place: the next free slot of its fiber's fork stack. Passed by value to everything that
 * forks. It stays valid when the fiber moves to another worker; it must not be kept after the task
 * function returns. */
typedef filch_slot *filch_self;

/* What a thief needs to run a task it knows nothing of: take the arguments out of slot, run, put
 * the result there. */
typedef void filch_run_fn(filch_self self, filch_slot *slot);
typedef struct filch_task {
    filch_run_fn *run;
    const char *name;
} filch_task;

/* Bytes for a task's arguments, and for its result, in its slot. */
#define FILCH_SLOT_BYTES 40
/* Slots a fiber has room for: deeper nesting of unjoined forks ends in filch_die. */
#ifdef FILCH_TINY
#define FILCH_REGION_SIZE ((uintptr_t)1 << 14)
#else
#define FILCH_REGION_SIZE ((uintptr_t)1 << 20)
#endif

struct filch_slot {
    filch_ptr task;  /* const filch_task *, or NULL: empty. Written by the owner alone */
    filch_ptr state; /* how far a stolen task is: see sched/forkstack.h */
    const filch_task
        *claimed; /* copy of task for a thief who was handed this slot: a join erases `task` */
    uint64_t args[FILCH_SLOT_BYTES / 8]; /* arguments, then result */
} FILCH_ALIGNED(64);

/* What the inline path sees of a fork stack; the rest of the header belongs to sched/forkstack.h.
 */
typedef struct filch_forkstack {
    filch_ptr limit; /* self at or beyond it goes to the slow path: the last slot, or NULL = "come
                        here" */
    char apart1[FILCH_APART - sizeof(filch_ptr)];
    filch_u64 top; /* asked: 1 bit, index of the oldest unstolen slot: 16, tag: 47 */
    char apart2[FILCH_APART - sizeof(filch_u64)];
} filch_forkstack;

FILCH_BEGIN_DECLS

/* Twins of the inline functions below, for callers that cannot inline C. They may be mixed with
 * them. */

/* Forks: the arguments already lie in self->args (see filch_arguments). Returns the new self, which
 * the caller uses from here on. Any task; may hand work over to an idle worker; never fails
 * (filch_die when the fork stack is full: too many unjoined forks). Does not suspend, but for a
 * discipline whose queue is full: there it runs the task at once. */
FILCH_API filch_self filch_fork(filch_self self, const filch_task *task);

/* Joins the task in `slot`, the last one forked and not yet joined (slot = self - 1; it is the
 * caller's self from here on). Returns 1: the task is still here, the caller runs it with the
 * arguments in slot->args; 0: a thief ran it and its result lies there; if it panicked there
 * (<filch/panic.h>), so does the caller, and the call does not return. May suspend the fiber:
 * thread-locals, errno and the worker can differ afterwards. */
FILCH_API int filch_join(filch_slot *slot);

/* Where fork expects a task's arguments and join leaves its result: FILCH_SLOT_BYTES bytes. */
FILCH_API void *filch_arguments(filch_slot *slot);

/* The out-of-line halves; called by the inline functions only. Not marked cold: gcc then moves what
 * follows the call into the cold section too, and a fork/join costs 1.2 times as much. */
FILCH_API void filch_fork_slow(filch_self self);
FILCH_API int filch_join_slow(filch_slot *slot);

/* clang knows a calling convention that leaves the caller all its general registers but r11: with
 * it a task needs a callee-saved register less, and a leaf none. Reached through pointers, since
 * the lazy binding of a PLT would spoil r10. Behind them: runtime/core/sparing_x86_64.S. */
#if defined(__clang__) && defined(__x86_64__)
#define FILCH_SPARING __attribute__((preserve_most))
typedef struct filch_sparing {
    FILCH_SPARING void (*fork_slow)(filch_self self);
    FILCH_SPARING int (*join_slow)(filch_slot *slot);
} filch_sparing;
FILCH_API extern const filch_sparing filch_sparing_calls;
#define FILCH_FORK_SLOW(self) filch_sparing_calls.fork_slow(self)
#define FILCH_JOIN_SLOW(slot) filch_sparing_calls.join_slow(slot)
#else
#define FILCH_FORK_SLOW(self) filch_fork_slow(self)
#define FILCH_JOIN_SLOW(slot) filch_join_slow(slot)
#endif

/* The checks of a debug build (FILCH_DEBUG); the last one is made in every build where a thief's or
 * an outside task ends, since there it costs the inline path nothing. */
FILCH_API FILCH_COLD void filch_check_fork(filch_self self, const filch_task *task);
FILCH_API FILCH_COLD void filch_check_join(filch_slot *slot, const filch_task *task);
FILCH_API FILCH_COLD void filch_check_return(filch_self self, const filch_task *task);

FILCH_END_DECLS

#ifdef FILCH_DEBUG
#define FILCH_CHECK(call) (call)
#else
#define FILCH_CHECK(call) ((void)0)
#endif

static inline filch_forkstack *filch_forkstack_of(filch_slot *slot)
{
    return (filch_forkstack *)((uintptr_t)slot & ~(FILCH_REGION_SIZE - 1));
}

/* The same, but the compiler cannot tell: it masks a register where it is needed, instead of
 * keeping the header of every level of an inlined recursion on the stack. */
static inline filch_forkstack *filch_forkstack_here(filch_slot *slot)
{
    uintptr_t address = (uintptr_t)slot;
    __asm__("" : "+r"(address));
    return (filch_forkstack *)(address & ~(FILCH_REGION_SIZE - 1));
}

/* The slot's place as `top` spells it, tag 0, not asked. Masked first: a stray address bit would
 * read as "asked". */
static inline uint64_t filch_position(const filch_slot *slot)
{
    return (uint64_t)((uintptr_t)slot & (FILCH_REGION_SIZE - 1)) << 41;
}

static inline filch_self filch_fork_inline(filch_self self, const filch_task *task)
{
    FILCH_CHECK(filch_check_fork(self, task));
    filch_ptr_store(&self->task, (void *)(uintptr_t)task, FILCH_RELEASE);            /* F1 */
    filch_fence_light();                                                             /* F2 */
    void *limit = filch_ptr_load(&filch_forkstack_here(self)->limit, FILCH_RELAXED); /* F2 */
    self++;
    if (FILCH_UNLIKELY((uintptr_t)self >= (uintptr_t)limit))
        FILCH_FORK_SLOW(self);
    return self;
}

/* The comparison is top < filch_position(slot), moved from positions to addresses: what is left of
 * the tag is less than a slot, and "asked" lies above every address of the region. */
static inline int filch_join_inline(filch_slot *slot, const filch_task *task)
{
    (void)task;
    FILCH_CHECK(filch_check_join(slot, task));
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED); /* J1 */
    filch_fence_light();                               /* J2 */
    filch_forkstack *stack = filch_forkstack_here(slot);
    uint64_t top = filch_u64_load(&stack->top, FILCH_RELAXED); /* J2 */
    return FILCH_LIKELY((uintptr_t)stack + (top >> 41) < (uintptr_t)slot) || FILCH_JOIN_SLOW(slot);
}

#endif
