/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The longest chain of strands of the task that a fiber runs, and of those that it has interrupted
 * (runtime/engine/work_span.h). */
#ifndef FL_WORK_CHAIN_H
#define FL_WORK_CHAIN_H

#include <filch/base.h>

#include <stdbool.h>
#include <stdint.h>

/* Two chains: plain, and with the burden of each task that may be taken. Times are ns, or ticks. */
typedef struct fl_length {
    int64_t plain, burdened;
} fl_length;

/* An open fork, with the chain up to it; or a task that another one interrupted, with its own. */
typedef struct fl_mark {
    uint32_t slot;
    bool is_fork;
    bool joins; /* as in fl_chain */
    fl_length chain;
} fl_mark;

/* Of a fiber that runs a task. The chain of a task that runs grows with the clock, so its distance from the clock is
 * kept. A fork then changes nothing here, and a task that runs in its join does not touch the work. */
typedef struct fl_chain {
    struct fl_chain *next; /* unused ones */
    fl_mark *mark;
    uint32_t count, room;
    bool runs;       /* the present task, or another one in its join */
    fl_length ahead; /* the chain of the present task; runs: minus the time now */
    int64_t since;   /* it runs */
    int64_t work;    /* until then */
    int64_t burden;  /* as it was when it last asked */
    int64_t joins_since;
    uint64_t tasks, taken, waits;
    bool joins; /* waits for a task that was taken */
} fl_chain;

/* Makes room for more marks. false: no memory. */
FILCH_COLD bool fl_chain_grow(fl_chain *c);

/* Of the present task. In all calls `now` does not go back. */
static inline fl_length fl_chain_at(const fl_chain *c, int64_t now)
{
    int64_t time = c->runs ? now : 0;
    return (fl_length){c->ahead.plain + time, c->ahead.burdened + time};
}

/* The present task has that chain now. */
static inline void fl_chain_set(fl_chain *c, fl_length now_is, int64_t now)
{
    int64_t time = c->runs ? now : 0;
    c->ahead.plain = now_is.plain - time;
    c->ahead.burdened = now_is.burdened - time;
}

/* The fiber stops: from now on neither the chain nor the work grows. Again: without effect. */
static inline void fl_chain_stop(fl_chain *c, int64_t now)
{
    fl_length whole = fl_chain_at(c, now);
    c->work += c->runs ? now - c->since : 0;
    c->runs = false;
    c->ahead = whole;
}

/* It goes on. Again: without effect. */
static inline void fl_chain_start(fl_chain *c, int64_t now)
{
    fl_length whole = fl_chain_at(c, now);
    c->since = c->runs ? c->since : now;
    c->runs = true;
    fl_chain_set(c, whole, now);
}

static inline fl_length fl_longer(fl_length a, fl_length b)
{
    return (fl_length){a.plain > b.plain ? a.plain : b.plain,
                       a.burdened > b.burdened ? a.burdened : b.burdened};
}

static inline fl_length fl_length_sum(fl_length a, fl_length b, int64_t burden)
{
    return (fl_length){a.plain + b.plain, a.burdened + b.burdened + burden};
}

/* A fork, or a task that another one interrupts. false: no memory. */
static inline bool fl_chain_push(fl_chain *c, uint32_t slot, bool is_fork, int64_t now)
{
    if (FILCH_UNLIKELY(c->count == c->room) && !fl_chain_grow(c))
        return false;
    fl_mark *pushed = &c->mark[c->count++];
    fl_length whole = fl_chain_at(c, now);
    pushed->slot = slot;
    pushed->is_fork = is_fork;
    pushed->joins = !is_fork && c->joins;
    pushed->chain.plain = whole.plain;
    pushed->chain.burdened = whole.burdened;
    return true;
}

/* Takes the newest fork or task of that slot off, and those above it, which a panic has left open. false: there is
 * none. */
static inline bool fl_chain_pop(fl_chain *c, uint32_t slot, bool is_fork, fl_mark *out)
{
    uint32_t at = c->count;
    while (at && (c->mark[at - 1].slot != slot || c->mark[at - 1].is_fork != is_fork))
        at--;
    if (!at)
        return false;
    *out = c->mark[at - 1];
    c->count = at - 1;
    return true;
}

#endif
