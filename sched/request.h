/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests: how many tasks a thief asks an owner for, how long it waits for the answer, how many
 * the owner gives, and which ready items a thief takes. Decisions only: the words that both share
 * are in sched/forkstack.h and sched/deque.h. The engine calls them (runtime/engine/steal.c), and so
 * does `filch sim` (docs/lab/scale.md).
 */
#ifndef FL_REQUEST_H
#define FL_REQUEST_H

#include <sched/forkstack.h>
#include <sched/mode.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    FL_REQUEST_TIME = 20000,   /* ns to watch a request, where each worker has a CPU */
    FL_REQUEST_CROWDED = 2000, /* ns otherwise, or with ready items; then one more look */
    FL_REQUEST_BRIEF = 4       /* requests that are watched briefly after one without an answer */
};

/* The most tasks to ask for. adaptive: those that the profit rule allows. */
static inline uint32_t fl_request_most(enum fl_take_mode take, uint32_t adaptive)
{
    return take == FL_TAKE_ONE ? 1 : take == FL_TAKE_HALF ? FL_GIFT_MOST : adaptive;
}

enum fl_request { FL_REQUEST_LEAVE, FL_REQUEST_WITHDRAW, FL_REQUEST_WATCH };

/* After asking. patient: does not give up at once if the last poke is still unanswered. */
static inline enum fl_request fl_request_next(enum fl_asked asked, bool patient)
{
    if (asked == FL_ASK_BUSY)
        return FL_REQUEST_LEAVE;
    return asked == FL_ASK_SILENT && !patient ? FL_REQUEST_WITHDRAW : FL_REQUEST_WATCH;
}

/* How long to watch: ns. brief: something else is to be done. */
static inline unsigned fl_request_time(bool may_spin, bool brief)
{
    return may_spin && !brief ? FL_REQUEST_TIME : FL_REQUEST_CROWDED;
}

/* Owners of long tasks are silent for long. After a request that none has answered, the next ones are watched
 * briefly. How many of these are left after another silence; 0 after an answer. */
static inline unsigned fl_request_silences(unsigned left)
{
    return left ? left - 1 : FL_REQUEST_BRIEF;
}

/* The tasks that an owner gives of `here`: half of many, else one, but at most `most`. half: of
 * two already. */
static inline uint64_t fl_request_gift(uint64_t here, bool half, uint32_t most)
{
    uint64_t part = here > (half ? 1 : FL_HALF_FROM) ? here / 2 : here > 0;
    return part < most ? part : most;
}

/* A ready deque of another worker. WATCH: its owner may be about to take its only item
 * (runtime/engine/patience.h). */
enum fl_ready { FL_READY_LEAVE, FL_READY_WATCH, FL_READY_TAKE };

static inline enum fl_ready fl_request_ready(int64_t size)
{
    return size > 1 ? FL_READY_TAKE : size == 1 ? FL_READY_WATCH : FL_READY_LEAVE;
}

enum {
#ifdef FILCH_TINY
    FL_AGAIN_LEAST = 2,
    FL_AGAIN_PART = 2,
    FL_AGAIN_MOST = 2
#else
    FL_AGAIN_LEAST = 16, /* items: a longer deque's thief comes back, */
    FL_AGAIN_PART = 8,   /* and takes this part of it besides the one to run, */
    FL_AGAIN_MOST = 7    /* but no more */
#endif
};

/* Does the thief of a ready deque come back to it without a search? left: its items. */
static inline bool fl_request_again(int64_t left, enum fl_take_mode take)
{
    return left > FL_AGAIN_LEAST && take == FL_TAKE_ADAPTIVE;
}

/* Items that it then takes for its own deque, besides the one to run. */
static inline int64_t fl_request_more(int64_t left)
{
    int64_t part = left / FL_AGAIN_PART;
    return part < FL_AGAIN_MOST ? part : FL_AGAIN_MOST;
}

#endif
