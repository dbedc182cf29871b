/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work and span while a program runs: FILCH_SPAN=1. The same events that a trace of level tasks records are added
 * up at once, in memory for each fork that is open. tools/trace/span.h has the definitions; a trace also tells
 * which call sites limit the span.
 *
 * Each task counts from its own beginning: its longest chain of strands so far. A joiner adds that of its child to
 * the chain that it had at the fork, and goes on with the longer one (the algorithm of Cilkview: Y. He,
 * C. E. Leiserson and W. M. Leiserson, 2010, section 3). So a thief needs nothing of the forker's. The chain of a
 * task that was taken is left in a table, under its lock, until its joiner asks for it.
 *
 * Not series-parallel, and so not in the span: a task that ends another's wait (they are counted), and the place of
 * tasks that were started (filch_go): they count as started by the thread outside.
 *
 * Threads: an event belongs to the fiber that its worker runs; nobody else touches its chain. */
#ifndef FL_WORK_SPAN_H
#define FL_WORK_SPAN_H

#include <filch/atomic.h>
#include <filch/base.h>
#include <filch/stats.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/cycle_clock.h>
#include <runtime/trace/format.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_work_span fl_work_span;

/* in_ticks: times are those of fl_steady_now(true), else ns. NULL: no memory. */
fl_work_span *fl_work_span_create(bool in_ticks);
void fl_work_span_destroy(fl_work_span *all);
/* An event of the worker's fiber, at that time, with the numbers of the trace's event. */
void fl_work_span_at(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b,
                     int64_t now);
/* The same now: of a forked task, whose kind is FL_TRACE_FORK or one behind it; and of any other kind. */
void fl_work_span_task(fl_worker *worker, enum fl_trace_kind kind, uint32_t slot, uint32_t b);
void fl_work_span_event(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b);
/* Of all tasks that have ended. */
void fl_work_span_read(fl_work_span *all, filch_work_span *out);
/* Writes a line to stderr: the user has asked for it. */
void fl_work_span_print(fl_work_span *all);

/* ---- The longest chain ---- */

/* The longest chain of strands of the task that a fiber runs, and of those that it has interrupted. */

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

/* ---- The cost of loops ---- */

/* The cost of parallel loops, compared with one worker: for `filch top` and traces. A call that takes
 * longer than on one worker pays a tax.
 *
 * A site is a loop's body together with the power of two below its number of iterations, as in
 * runtime/par/site.h. A runtime that is shared (runtime/engine/observe/page_writer.h) counts the calls of each
 * site in a row. A trace gets two events for each call. While nobody watches, a call costs the load
 * of a word that seldom changes, and a branch.
 *
 * The first FL_TAX_ROWS sites have rows of their own; the calls of all others are counted in the
 * last row. A row's key is set once. All accesses are relaxed: each word is a number of its own. A
 * reader may see a call whose times are not yet added.
 *
 * Any thread. */

#ifdef FILCH_TINY
enum { FL_TAX_ROWS = 4 };
#else
enum { FL_TAX_ROWS = 64 };
#endif

typedef struct fl_tax_row {
    filch_u64 key; /* of the site; 0: none yet */
    filch_u64 calls;
    filch_u64 helped; /* calls of which another worker did a part */
    filch_u64 time;   /* ns: of all calls, */
    filch_u64 serial; /* and how long they would take on one worker */
    char apart[FILCH_APART - 5 * sizeof(filch_u64)];
} fl_tax_row;

/* All zero: empty. */
typedef struct fl_tax {
    fl_tax_row row[FL_TAX_ROWS + 1];
} fl_tax;

/* The power of two below a loop's iterations: with its body, its site. */
static inline unsigned fl_site_magnitude(size_t n)
{
    return n ? 63 - (unsigned)__builtin_clzll(n) : 0;
}

/* A call that has ended. */
typedef struct fl_tax_call {
    const void *body;
    size_t n;              /* iterations */
    uint64_t time, serial; /* ns */
    bool helped;
} fl_tax_call;

/* Runtimes that are shared, and traces. */
extern filch_u32 fl_tax_watchers;

void fl_tax_watch(int by);

/* At a call's beginning: the time in ns; 0: nobody watches. */
static inline uint64_t fl_tax_begin(void)
{
    return FILCH_UNLIKELY(filch_u32_load(&fl_tax_watchers, FILCH_RELAXED)) /* a look */
               ? fl_steady_now(false)
               : 0;
}

/* At its end, by the worker that runs it now. */
void fl_tax_add(fl_worker *worker, const fl_tax_call *call);

/* The loop's body and its iterations, a power of two; NULL: the row of all others, or an empty one. */
const void *fl_tax_site(const fl_tax_row *row, uint64_t *iterations);

#endif
