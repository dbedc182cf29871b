/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The choice of the virtual thread that goes on: by a random walk, by PCT, or as a schedule says.
 *
 * Random walk: any thread that can run, with equal chances, at each decision point.
 *
 * PCT (S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte: A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs, ASPLOS 2010, section 2): each thread has a random
 * priority, and the highest one that can run does. At depth - 1 random decision points out of the
 * expected `steps` the running thread falls below all initial priorities. With k threads and n
 * steps a bug of depth d is found with a chance of at least 1 / (k n^(d-1)). A thread that spins
 * counts as waiting until another one has made a step, or it would spin forever. Steps within a
 * waiting loop (runtime/platform/virtual/loop.h) do not count as such: they change nothing.
 *
 * A schedule: thread `from` yields to `to` at its decision point number `point`. Where the
 * schedule is silent a thread goes on, and when it cannot, the next one in cyclic order does.
 *
 * The thread with the baton calls all of this. */
#ifndef FL_CHOICE_H
#define FL_CHOICE_H

#include <runtime/platform/virtual/baton.h>
#include <runtime/platform/virtual/loop.h>
#include <runtime/platform/virtual/schedule_file.h>
#include <runtime/platform/virtual/virtual.h>

#include <stddef.h>

enum fl_virtual_state { FL_VIRTUAL_READY, FL_VIRTUAL_WAITS, FL_VIRTUAL_LEFT };

/* A virtual thread. */
struct fl_virtual_thread {
    uint32_t number;
    enum fl_virtual_state state;
    fl_baton baton;
    uint64_t point;       /* how many decision points it has passed */
    int64_t priority;     /* of PCT */
    bool spins;           /* of PCT: no other thread has made a step since it spun */
    bool idles;           /* at a point of a waiting loop: its step changes nothing */
    fl_virtual_loop loop; /* of the program */
    uint64_t next_entry;  /* of a replay: where to look for its next switch */
    filch_u32 *word;      /* for which it waits */
    int64_t until;        /* ns; 0: without limit */
    bool is_late;         /* it was woken by the clock */
    const void *access;   /* the memory that it is about to access; NULL: none */
    size_t access_size;   /* bytes */
    unsigned access_kind; /* fl_virtual_access */
    const void *access_place;
};

enum { FL_VIRTUAL_THREADS = 512 };

/* The threads that have not been joined, in the order of their numbers. */
typedef struct fl_virtual_threads {
    fl_virtual_thread *all[FL_VIRTUAL_THREADS];
    unsigned count;
    bool is_team; /* as fl_virtual_options */
} fl_virtual_threads;

/* Prepares. Errors through fl_fail: -EINVAL, -ENOMEM, those of reading the schedule. */
int fl_choice_begin(const fl_virtual_options *options);
/* A new thread. */
void fl_choice_joins(fl_virtual_thread *thread);
/* points: of all threads. `here` has stopped for that reason; at least one thread is ready. */
fl_virtual_thread *fl_choice_next(const fl_virtual_threads *threads, fl_virtual_thread *here,
                                  enum fl_schedule_why why, uint64_t points);
/* The choice of a replay whose schedule is silent. */
fl_virtual_thread *fl_choice_usual(const fl_virtual_threads *threads, fl_virtual_thread *here,
                                   enum fl_schedule_why why);

#endif
