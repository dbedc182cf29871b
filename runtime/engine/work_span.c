/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/work_span.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/outside.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/answer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/steady.h>
#include <runtime/trace/format.h>

#include <filch/stats.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Two chains: plain, and with the burden of each task that may be taken. Times are ns, or ticks. */
typedef struct chain {
    int64_t plain, burdened;
} chain;

/* An open fork, with the chain up to it; or a task that another one interrupted, with its own. */
typedef struct mark {
    uint32_t slot;
    bool is_fork;
    bool joins; /* as in fl_chain */
    chain chain;
} mark;

/* Of a fiber that runs a task. */
typedef struct fl_chain {
    struct fl_chain *next; /* unused ones */
    mark *mark;
    uint32_t count, room;
    chain chain;   /* of the present task, up to `since` */
    int64_t since; /* -1: it does not run */
    int64_t work;
    int64_t burden; /* as it was when it last asked */
    int64_t joins_since;
    uint64_t tasks, taken, waits;
    bool joins; /* waits for a task that was taken */
} fl_chain;

/* Of a task that was taken, for its joiner. */
typedef struct ended {
    struct ended *next;
    uint32_t slot;
    int64_t at;
    chain chain;
} ended;

enum { ROWS = 256 };

struct fl_work_span {
    filch_u32 lock; /* of all that follows */
    fl_chain *unused;
    ended *row[ROWS]; /* by slot */
    chain outside;    /* up to the last task that ended */
    int64_t back;     /* of all joiners that waited, from the end of the task */
    uint64_t backs;
    filch_work_span sum; /* work_ns: in ticks, if they are the times */
    bool in_ticks;
    int64_t began, began_ns; /* both clocks */
};

/* ---- Life ---- */

fl_work_span *fl_work_span_create(bool in_ticks)
{
    fl_work_span *all = calloc(1, sizeof *all);
    if (all) {
        all->in_ticks = in_ticks;
        all->began = (int64_t)fl_steady_now(in_ticks);
        all->began_ns = fl_now();
    }
    return all;
}

void fl_work_span_destroy(fl_work_span *all)
{
    for (fl_chain *next; all && all->unused; all->unused = next) {
        next = all->unused->next;
        free(all->unused->mark);
        free(all->unused);
    }
    for (unsigned i = 0; all && i < ROWS; i++)
        for (ended *next; all->row[i]; all->row[i] = next) {
            next = all->row[i]->next;
            free(all->row[i]);
        }
    free(all);
}

/* With the lock. */
static int64_t burden_of(fl_work_span *all)
{
    return all->backs ? 2 * all->back / (int64_t)all->backs : 0;
}

static fl_chain *chain_of(fl_work_span *all, fl_fiber *fiber)
{
    if (fiber->chain)
        return fiber->chain;
    fl_lock_by(&all->lock, fl_lock_slow);
    fl_chain *c = all->unused;
    if (c)
        all->unused = c->next;
    int64_t burden = burden_of(all);
    fl_unlock(&all->lock);
    if (!c)
        c = calloc(1, sizeof *c);
    if (c) {
        c->since = -1;
        c->burden = burden;
    }
    return fiber->chain = c;
}

/* Its fiber runs no task any more. */
static void put_back(fl_work_span *all, fl_fiber *fiber)
{
    fl_chain *c = fiber->chain;
    fiber->chain = NULL;
    fl_lock_by(&all->lock, fl_lock_slow);
    all->sum.work_ns += (uint64_t)c->work;
    all->sum.tasks += c->tasks;
    all->sum.taken += c->taken;
    all->sum.waits += c->waits;
    *c = (fl_chain){.next = all->unused, .mark = c->mark, .room = c->room};
    all->unused = c;
    fl_unlock(&all->lock);
}

static void lose(fl_work_span *all)
{
    fl_lock_by(&all->lock, fl_lock_slow);
    all->sum.lost++;
    fl_unlock(&all->lock);
}

/* ---- Chains ---- */

static void advance(fl_chain *c, int64_t now)
{
    if (c->since < 0)
        return;
    int64_t ns = now - c->since;
    c->chain.plain += ns;
    c->chain.burdened += ns;
    c->work += ns;
    c->since = now;
}

static chain longer(chain a, chain b)
{
    return (chain){a.plain > b.plain ? a.plain : b.plain,
                   a.burdened > b.burdened ? a.burdened : b.burdened};
}

static chain sum_of(chain a, chain b, int64_t burden)
{
    return (chain){a.plain + b.plain, a.burdened + b.burdened + burden};
}

static void push(fl_work_span *all, fl_chain *c, const mark *pushed)
{
    if (c->count == c->room) {
        uint32_t room = c->room ? 2 * c->room : 64;
        mark *more = realloc(c->mark, room * sizeof *more);
        if (!more) {
            lose(all);
            return;
        }
        c->mark = more;
        c->room = room;
    }
    c->mark[c->count++] = *pushed;
}

/* Takes the newest fork or task of that slot off, and those above it, which a panic has left open. false: there is
 * none. */
static bool pop(fl_chain *c, uint32_t slot, bool is_fork, mark *out)
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

/* ---- Tasks ---- */

static void begin(fl_work_span *all, fl_chain *c, uint32_t slot, int64_t now)
{
    advance(c, now);
    push(all, c, &(mark){slot, false, c->joins, c->chain});
    c->chain = (chain){0};
    c->joins = false;
    c->since = now;
}

/* The interrupted task goes on, if there was one. */
static void go_on(fl_chain *c, const mark *own, int64_t now)
{
    c->chain = own->chain;
    c->joins = own->joins;
    c->since = own->joins || !c->count ? -1 : now;
}

static void leave(fl_work_span *all, uint32_t slot, chain whole, int64_t now)
{
    ended *left = malloc(sizeof *left);
    if (!left) {
        lose(all);
        return;
    }
    *left = (ended){.slot = slot, .at = now, .chain = whole};
    fl_lock_by(&all->lock, fl_lock_slow);
    left->next = all->row[slot % ROWS];
    all->row[slot % ROWS] = left;
    fl_unlock(&all->lock);
}

/* The newest one of that slot; false: it was joined where it was forked. */
static bool fetch(fl_work_span *all, fl_chain *c, uint32_t slot, int64_t now, chain *out)
{
    fl_lock_by(&all->lock, fl_lock_slow);
    ended **at = &all->row[slot % ROWS], *found;
    while (*at && (*at)->slot != slot)
        at = &(*at)->next;
    found = *at;
    if (found) {
        *at = found->next;
        if (c->joins && found->at > c->joins_since) {
            all->back += now > found->at ? now - found->at : 0;
            all->backs++;
        }
        *out = found->chain;
        c->burden = burden_of(all);
    }
    fl_unlock(&all->lock);
    free(found);
    return found;
}

/* The caller has the outcome of the task that it forked there. */
static void join(fl_chain *c, uint32_t slot, chain child)
{
    mark fork;
    if (pop(c, slot, true, &fork))
        c->chain = longer(c->chain, sum_of(fork.chain, child, c->burden));
}

static void on_run_end(fl_work_span *all, fl_chain *c, uint32_t slot, bool kept, int64_t now)
{
    mark own;
    advance(c, now);
    chain child = c->chain;
    if (!pop(c, slot, false, &own))
        return;
    go_on(c, &own, now);
    c->tasks++;
    c->taken += !kept;
    if (kept)
        join(c, slot, child);
    else
        leave(all, slot, child, now);
}

static void on_joined(fl_work_span *all, fl_chain *c, uint32_t slot, int64_t now)
{
    chain child;
    advance(c, now);
    if (fetch(all, c, slot, now, &child))
        join(c, slot, child);
    c->joins = false;
    c->since = now;
}

/* It comes after the tasks that had ended by then: its chain begins with theirs. */
static void on_job(fl_work_span *all, fl_chain *c, int64_t now)
{
    begin(all, c, 0, now);
    fl_lock_by(&all->lock, fl_lock_slow);
    c->chain = all->outside;
    fl_unlock(&all->lock);
}

static void on_job_end(fl_work_span *all, fl_chain *c, int64_t now)
{
    mark own;
    advance(c, now);
    chain whole = c->chain;
    if (!pop(c, 0, false, &own))
        return;
    go_on(c, &own, now);
    fl_lock_by(&all->lock, fl_lock_slow);
    all->outside = longer(all->outside, whole);
    all->sum.jobs++;
    fl_unlock(&all->lock);
}

/* ---- Events ---- */

static bool is_measured(enum fl_trace_kind kind)
{
    return kind >= FL_TRACE_FORK || kind == FL_TRACE_WAIT || kind == FL_TRACE_GO_ON ||
           kind == FL_TRACE_JOB || kind == FL_TRACE_JOB_END;
}

static void on_task(fl_work_span *all, fl_chain *c, enum fl_trace_kind kind, uint32_t a, uint32_t b,
                    int64_t now)
{
    switch (kind) {
    case FL_TRACE_FORK:
        advance(c, now);
        push(all, c, &(mark){a, true, false, c->chain});
        break;
    case FL_TRACE_RUN:
        begin(all, c, a, now);
        break;
    case FL_TRACE_RUN_END:
        on_run_end(all, c, a, b, now);
        break;
    case FL_TRACE_JOIN:
        advance(c, now);
        c->since = -1;
        c->joins = true;
        c->joins_since = now;
        break;
    case FL_TRACE_JOINED:
        on_joined(all, c, a, now);
        break;
    case FL_TRACE_JOB:
        on_job(all, c, now);
        break;
    case FL_TRACE_JOB_END:
        on_job_end(all, c, now);
        break;
    case FL_TRACE_WAIT:
        advance(c, now);
        c->waits += c->since >= 0;
        c->since = -1;
        break;
    default: /* GO_ON */
        c->since = c->joins ? -1 : now;
    }
}

void fl_work_span_event(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    if (is_measured(kind))
        fl_work_span_at(worker, kind, a, b,
                        (int64_t)fl_steady_now(worker->rt->work_span->in_ticks));
}

void fl_work_span_at(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b,
                     int64_t now)
{
    fl_fiber *fiber = worker->running;
    fl_work_span *all = worker->rt->work_span;
    if (!fiber->chain && kind != FL_TRACE_RUN && kind != FL_TRACE_JOB)
        return;
    fl_chain *c = chain_of(all, fiber);
    if (!c) {
        lose(all);
        return;
    }
    on_task(all, c, kind, a, b, now);
    if (!c->count)
        put_back(all, fiber);
}

/* ---- Reading ---- */

static double ns_of_one(const fl_work_span *all)
{
    int64_t passed = (int64_t)fl_steady_now(all->in_ticks) - all->began;
    return all->in_ticks && passed ? (double)(fl_now() - all->began_ns) / (double)passed : 1;
}

void fl_work_span_read(fl_work_span *all, filch_work_span *out)
{
    double ns = ns_of_one(all);
    fl_lock_by(&all->lock, fl_lock_slow);
    *out = all->sum;
    out->work_ns = (uint64_t)((double)out->work_ns * ns);
    out->span_ns = (uint64_t)((double)all->outside.plain * ns);
    out->burdened_ns = (uint64_t)((double)all->outside.burdened * ns);
    fl_unlock(&all->lock);
}

void fl_work_span_print(fl_work_span *all)
{
    filch_work_span f;
    fl_work_span_read(all, &f);
    double work = (double)f.work_ns, span = (double)f.span_ns, burdened = (double)f.burdened_ns;
    fprintf(stderr,
            "filch: work %.3f ms, span %.3f ms (parallelism %.4g), burdened span %.3f ms (%.4g); "
            "%llu forked tasks, %llu taken, %llu jobs\n",
            work / 1e6, span / 1e6, span > 0 ? work / span : 0, burdened / 1e6,
            burdened > 0 ? work / burdened : 0, (unsigned long long)f.tasks,
            (unsigned long long)f.taken, (unsigned long long)f.jobs);
    if (f.waits)
        fprintf(stderr,
                "filch: %llu waits are not in the span; a trace of level tasks follows them\n",
                (unsigned long long)f.waits);
}

int filch_work_span_read(filch_runtime *rt, filch_work_span *out, size_t size)
{
    filch_work_span sum;
    int rc = fl_runtime_meant(&rt, "filch_work_span_read");
    if (rc)
        return rc;
    if (!out || !rt->work_span)
        return fl_fail(EINVAL, out ? "filch_work_span_read of a runtime that does not measure; set "
                                     "FILCH_SPAN=1 when it is created"
                                   : "filch_work_span_read without a place for the answer; give it "
                                     "one");
    fl_work_span_read(rt->work_span, &sum);
    fl_answer(out, size, &sum, sizeof sum);
    return 0;
}
