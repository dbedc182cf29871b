/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rounds: the steps of a search, without its clock. A worker that has nothing to do looks in these
 * places in this order, some rounds long, or for a time (sched/warm.h), and then rests
 * (sched/rest.h). The engine takes these steps (runtime/engine/find_work.c, steal.c), and so does
 * `filch sim` (docs/lab/scale.md). */
#ifndef FL_ROUNDS_H
#define FL_ROUNDS_H

#include <stdbool.h>

/* The places of a round, in their order. */
enum fl_seek {
    FL_SEEK_OWN,    /* the worker's own ready deque, a queue that all share, the inbox */
    FL_SEEK_FORKED, /* forked tasks of others */
    FL_SEEK_READY,  /* ready items of others */
    FL_SEEKS
};

enum { FL_ROUNDS_LEAST = 2 };

/* Begins with zero bytes. */
typedef struct fl_rounds {
    enum fl_seek seek;
    unsigned over; /* rounds */
} fl_rounds;

/* Nothing was there: on to the next place. false: a round is over. */
static inline bool fl_rounds_next(fl_rounds *rounds)
{
    bool over = rounds->seek + 1 == FL_SEEKS;
    rounds->seek = over ? FL_SEEK_OWN : (enum fl_seek)(rounds->seek + 1);
    rounds->over += over;
    return !over;
}

/* Does another round begin in any case? */
static inline bool fl_rounds_again(const fl_rounds *rounds)
{
    return rounds->over < FL_ROUNDS_LEAST;
}

/* Was something that was found here another worker's, so that the next search lasts longer? */
static inline bool fl_rounds_stole(const fl_rounds *rounds)
{
    return rounds->seek != FL_SEEK_OWN;
}

/* Attempts at the others in one place (sched/victims/policy.h). */
static inline unsigned fl_rounds_attempts(unsigned workers)
{
    return workers - 1;
}

/* Unsuccessful places in a row, as policies see them, after one more. */
static inline unsigned fl_rounds_misses(unsigned misses, bool found)
{
    return found ? 0 : misses + 1;
}

#endif
