/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The splitter: how every parallel loop of runtime/par is shared out. A fiber runs the range in
 * order, chunk by chunk. Before each chunk it looks once: if thieves have taken all that it forked,
 * and the loop is worth it (runtime/par/pace.h), it forks the upper half of the rest. So a loop
 * without helpers forks once, and one with idle helpers as often as they come. A half that was not
 * stolen is taken back, and its owner's loop goes on with it as if it had not been forked.
 *
 * A loop that is known to be worth it (runtime/par/site.h) forks before its first chunk. If another
 * worker searches at that moment, it asks for the fork within a fraction of a microsecond. Until
 * then the owner runs bits of its half, so that the thief need not wait for the end of a chunk.
 *
 * A loop may sum up. The thief of a piece makes a sum for it, and the owner adds that to the sum
 * before it, in the order of the range. So the operation must be associative, but need not be
 * commutative. Sums live in frames, large ones on the heap; a thief without memory for one leaves
 * its piece to the owner.
 *
 * Threads: fl_loop_run by a task; the loop's record lies in its frame until it returns. The loop's
 * joins order the chunks' writes for its caller.
 * Suspends: in joins; afterwards the task may run on another worker. */
#ifndef FL_SPLIT_H
#define FL_SPLIT_H

#include <filch/fork.h>
#include <stdbool.h>

/* Runs [begin, end), adding to sum. Not 0: the loop stops with that code. */
typedef int fl_chunk_fn(filch_self self, size_t begin, size_t end, void *context, void *sum);

typedef struct fl_sums {
    size_t size;                            /* bytes of a sum, aligned as malloc aligns */
    bool (*make)(void *context, void *sum); /* the sum of nothing; false: no memory for one */
    void (*join)(void *context, void *left, void *right); /* left becomes both, right is spent */
    void (*drop)(void *context, void *sum); /* of a stopped loop; NULL: there is nothing to free */
} fl_sums;

typedef struct fl_loop {
    fl_chunk_fn *chunk;
    void *context;
    size_t hint;         /* iterations that are worth a task; 0: find out */
    size_t worth;        /* how many chunks' time a thief's new sum must be worth */
    const fl_sums *sums; /* NULL: none */
    const void *site;    /* the body that its calls have in common (site.h); NULL: learns nothing */
    filch_u32 stopped;   /* the first code that a chunk returned */
} fl_loop;

/* Runs the loop over [begin, end) and returns the first code that a chunk returned, or 0. sum is
 * the caller's, made, and the caller's to drop; NULL without sums. */
int fl_loop_run(filch_self self, fl_loop *loop, size_t begin, size_t end, void *sum);

/* Asks a running loop to start no more chunks; the first code counts. code is not 0. Any task.
 * Returns whether it is the first. */
bool fl_loop_stop(fl_loop *loop, int code);
int fl_loop_stopped(const fl_loop *loop);
/* For FL_ON_PANIC: other workers start no more chunks of a loop in which a chunk panics. */
void fl_loop_break(void *loop);

/* A join for a task that thieves may take, but that the caller does in another way: if nobody stole
 * the task, it is not run; kept(self, arguments of the task) is called instead. */
#define FL_JOIN_OR(name, kept) ((void)(--self, FL_JOIN(name##_, kept)))

/* Is a fork worth it? True if there are other workers, and they find nothing of this fiber's. */
bool fl_idle_demand(filch_self self);

/* In a task that computes for long without a fork or a join, every few microseconds: answers a
 * thief that asks, which would otherwise wait, and rob it by membarrier. */
void fl_heed(filch_self self);

#endif
