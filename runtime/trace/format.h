/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The format of a trace file, version 1, which the recorder writes and `filch trace` reads.
 *
 *   header, FL_TRACE_HEADER bytes | block | block | ...        each FL_TRACE_BLOCK bytes
 *
 * A block belongs to one writer: a worker, the threads outside (FL_TRACE_OUTSIDE), or the table of
 * names (FL_TRACE_NAMES). Its sequence is its number among the blocks of that writer, so a gap in the
 * numbers is a gap in the trace. A writer fills its block from the front and then stores `used`, so a
 * process that is killed leaves a file that can be read. Numbers have the byte order of the processor
 * that wrote them; `order` tells which.
 *
 * A time is in ticks since the header's `began_ticks`. Each block has one reading of both clocks: a
 * reader maps ticks to ns piece by piece, and finds the drift of the tick's rate.
 *
 * Names are numbered from 1 in the order in which they stand in their blocks, each ended by NUL; number
 * 0 is a name that found no room. */
#ifndef FL_TRACE_FORMAT_H
#define FL_TRACE_FORMAT_H

#include <filch/atomic.h>

#include <stdint.h>

#define FL_TRACE_MAGIC "filchtrc"
#define FL_TRACE_ORDER UINT32_C(0x01020304)
#define FL_TRACE_OUTSIDE UINT32_MAX
#define FL_TRACE_NAMES (UINT32_MAX - 1)

enum {
    FL_TRACE_VERSION = 1,
    FL_TRACE_HEADER = 4096,
#ifdef FILCH_TINY
    FL_TRACE_BLOCK = 1 << 12,
#else
    FL_TRACE_BLOCK = 1 << 18,
#endif
    FL_TRACE_KIND_BITS = 8,
    FL_TRACE_PROGRAM = 256
};

/* The end of a trace. RUNNING in the file of a process that is gone: it was killed. */
enum fl_trace_state {
    FL_TRACE_RUNNING,
    FL_TRACE_STOPPED,  /* by filch_trace_stop, or at the end of the runtime */
    FL_TRACE_FULL,     /* the limit was reached; events after that are counted as lost */
    FL_TRACE_NO_SPACE, /* the file system was full; the same */
    FL_TRACE_STATES
};

enum fl_trace_level { FL_TRACE_STEALS, FL_TRACE_TASKS, FL_TRACE_LEVELS };

typedef struct fl_trace_header {
    char magic[8];
    uint32_t order, version;
    uint32_t header_size, block_size;
    uint32_t state, level;
    uint32_t workers;   /* writers 0 .. workers - 1 */
    uint32_t ticks_are; /* 0: ns of the monotonic clock; 1: the processor's time-stamp counter */
    uint64_t process;
    int64_t began_unix, began_ns, ended_ns; /* ns; the first of Unix time, the others monotonic */
    uint64_t began_ticks, ended_ticks;
    uint64_t blocks;   /* begun; those at the file's end may lack their last bytes */
    uint64_t replaced; /* oldest blocks that newer ones have overwritten */
    uint64_t lost;     /* events for which there was no room */
    char program[FL_TRACE_PROGRAM];
} fl_trace_header;

typedef struct fl_trace_event {
    uint64_t when; /* ticks since began_ticks, and the kind in the lowest FL_TRACE_KIND_BITS */
    uint32_t a, b;
} fl_trace_event;

typedef struct fl_trace_block {
    filch_u64 used; /* bytes behind this head; changed last */
    uint32_t writer, reserved;
    uint64_t sequence;
    uint64_t ticks; /* both clocks when the block was begun */
    int64_t ns;
    uint64_t lost; /* events of this writer that were lost before this block */
    uint64_t apart[2];
} fl_trace_block;

enum { FL_TRACE_ROOM = FL_TRACE_BLOCK - (int)sizeof(fl_trace_block) };

/* The events: EVENT(KIND, name, meaning of a, meaning of b). The name is also the public
 * name of its probe (runtime/engine/events.h), so it never changes. Fibers have numbers of their own,
 * from 1. An ITEM, a SLOT and an OBJECT are the middle bits of an address. An ITEM names a work item
 * from its SUBMIT to its JOB. A SLOT names a forked task from its FORK to the next FORK there. An
 * OBJECT is a lock, a semaphore, or one end of a channel. A SITE is the power of two of a
 * loop's iterations, and FL_TRACE_HELPED; its next event of that writer has the times. A TIME is
 * packed (fl_trace_pack). Events of forked tasks and of objects belong to the fiber that the worker
 * runs. Kinds keep their numbers: new ones go to the end. */
#define FL_TRACE_EVENTS(EVENT)                                                                     \
    EVENT(DOES, does, DOING, CPU)            /* works, searches, sleeps ... from now on; there */  \
    EVENT(PREEMPTED, preempted, COUNT, NONE) /* so many times since the last of these events */    \
    EVENT(GIFT, asked, WORKER, COUNT)        /* got tasks from that victim, which was asked */     \
    EVENT(FORCED, forced, WORKER, NONE)      /* took a task from that silent victim */             \
    EVENT(READY_STEAL, ready, WORKER, NONE)  /* took an item from that worker's deque */           \
    EVENT(WAKE, wake, WORKER, NONE)          /* woke that worker */                                \
    EVENT(SWITCH, switch, FIBER, NONE)       /* runs that fiber from now on; 0: none */            \
    EVENT(WAIT, wait, FIBER, NAME)           /* that fiber stops, in that call */                  \
    EVENT(RESUME, resume, FIBER, NONE)       /* made that fiber ready */                           \
    EVENT(GO_ON, go_on, FIBER, NONE)         /* that fiber runs again after its wait */            \
    EVENT(SUBMIT, submit, ITEM, NONE)        /* made that work item ready */                       \
    EVENT(JOB, job, ITEM, NAME)              /* runs that work item, a task of that name */        \
    EVENT(JOB_END, job_end, FIBER, NONE)     /* that fiber's last job has ended */                 \
    EVENT(TASK, task, COUNT, NAME)           /* runs a task that it took, of so many taken */      \
    EVENT(TASK_END, task_end, FIBER, NONE)   /* that fiber's last task has ended */                \
    EVENT(POOLED, pool_job, NAME, NAME)      /* in that pool, runs a job of that name */           \
    EVENT(POOLED_END, pool_job_end, FIBER, NONE) /* that fiber's last one of a pool has ended */   \
    EVENT(MARK, mark, NAME, VALUE)               /* the user's */                                  \
    EVENT(SPAN, span, NAME, FIBER)               /* the user's, on that fiber */                   \
    EVENT(SPAN_END, span_end, FIBER, NONE)                                                         \
    EVENT(FORK, fork, SLOT, NAME)           /* forks a task of that name; this and those below, */ \
    EVENT(RUN, run, SLOT, NAME)             /* up to GIVEN: level tasks. Runs it */                \
    EVENT(RUN_END, run_end, SLOT, KEPT)     /* it has ended; 1: it ran in its join */              \
    EVENT(JOIN, join, SLOT, NONE)           /* needs that task, which was taken */                 \
    EVENT(JOINED, joined, SLOT, NONE)       /* has its result, or its panic */                     \
    EVENT(FREE, free, OBJECT, COUNT)        /* so many permits of it are free, before some are */  \
    EVENT(TAKEN, taken, OBJECT, COUNT)      /* taken: a lock, permits, an item of a channel */     \
    EVENT(GIVEN, given, OBJECT, COUNT)      /* is about to give so many of these */                \
    EVENT(LOOP, loop, SITE, NAME)           /* every level: a call of that parallel loop has */    \
    EVENT(LOOP_TIME, loop_time, TIME, TIME) /* ended. It took the first time, and would have */    \
                                            /* taken the second on one worker */

#define FL_TRACE_KIND(kind, name, a, b) FL_TRACE_##kind,
enum fl_trace_kind { FL_TRACE_NO_KIND, FL_TRACE_EVENTS(FL_TRACE_KIND) FL_TRACE_KINDS };
#undef FL_TRACE_KIND

/* In a SITE: another worker did a part of the call. */
#define FL_TRACE_HELPED UINT32_C(64)

enum { FL_TRACE_TIME_SHIFT = 5 }; /* bits of a packed time */

/* A time of less than 2^58 ns in 32 bits, exact to eight digits. */
static inline uint32_t fl_trace_pack(uint64_t ns)
{
    unsigned shift = 0;
    while (ns >> shift >> (32 - FL_TRACE_TIME_SHIFT))
        shift++;
    return (uint32_t)(ns >> shift << FL_TRACE_TIME_SHIFT) | shift;
}

static inline uint64_t fl_trace_unpack(uint32_t packed)
{
    return (uint64_t)(packed >> FL_TRACE_TIME_SHIFT)
           << (packed & ((1u << FL_TRACE_TIME_SHIFT) - 1));
}

#endif
