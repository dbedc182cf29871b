/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/observe/work_span.h>

#include <filch/stats.h>
#include <runtime/engine/events.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/observe/page_writer.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/cycle_clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/symbol.h>
#include <runtime/trace/format.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a task that was taken, for its joiner. */
typedef struct ended {
    struct ended *next;
    uint32_t slot;
    int64_t at;
    fl_length chain;
} ended;

enum { ROWS = 256 };

struct fl_work_span {
    filch_u32 lock; /* of all that follows */
    fl_chain *unused;
    ended *row[ROWS];  /* by slot */
    fl_length outside; /* up to the last task that ended */
    int64_t back;      /* of all joiners that waited, from the end of the task */
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
    if (c)
        c->burden = burden;
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

static void push(fl_work_span *all, fl_chain *c, uint32_t slot, bool is_fork, int64_t now)
{
    if (!fl_chain_push(c, slot, is_fork, now))
        lose(all);
}

/* ---- Tasks ---- */

static void begin(fl_work_span *all, fl_chain *c, uint32_t slot, fl_length from, int64_t now)
{
    push(all, c, slot, false, now);
    c->joins = false;
    fl_chain_start(c, now);
    fl_chain_set(c, from, now);
}

/* The interrupted task goes on, if there was one. */
static void go_on(fl_chain *c, const fl_mark *own, int64_t now)
{
    c->joins = own->joins;
    if (own->joins || !c->count)
        fl_chain_stop(c, now);
    fl_chain_set(c, own->chain, now);
}

static void leave(fl_work_span *all, uint32_t slot, fl_length whole, int64_t now)
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
static bool fetch(fl_work_span *all, fl_chain *c, uint32_t slot, int64_t now, fl_length *out)
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
static void join(fl_chain *c, uint32_t slot, fl_length child, int64_t now)
{
    fl_mark fork;
    if (fl_chain_pop(c, slot, true, &fork))
        fl_chain_set(c, fl_longer(fl_chain_at(c, now), fl_length_sum(fork.chain, child, c->burden)),
                     now);
}

static void on_run_end(fl_work_span *all, fl_chain *c, uint32_t slot, bool kept, int64_t now)
{
    fl_mark own;
    fl_length child = fl_chain_at(c, now);
    if (!fl_chain_pop(c, slot, false, &own))
        return;
    go_on(c, &own, now);
    c->tasks++;
    c->taken += !kept;
    if (kept)
        join(c, slot, child, now);
    else
        leave(all, slot, child, now);
}

static void on_join(fl_chain *c, int64_t now)
{
    fl_chain_stop(c, now);
    c->joins = true;
    c->joins_since = now;
}

static void on_joined(fl_work_span *all, fl_chain *c, uint32_t slot, int64_t now)
{
    fl_length child;
    fl_chain_start(c, now);
    if (fetch(all, c, slot, now, &child))
        join(c, slot, child, now);
    c->joins = false;
}

/* It comes after the tasks that had ended by then: its chain begins with theirs. */
static void on_job(fl_work_span *all, fl_chain *c, int64_t now)
{
    fl_lock_by(&all->lock, fl_lock_slow);
    fl_length outside = all->outside;
    fl_unlock(&all->lock);
    begin(all, c, 0, outside, now);
}

static void on_job_end(fl_work_span *all, fl_chain *c, int64_t now)
{
    fl_mark own;
    fl_length whole = fl_chain_at(c, now);
    if (!fl_chain_pop(c, 0, false, &own))
        return;
    go_on(c, &own, now);
    fl_lock_by(&all->lock, fl_lock_slow);
    all->outside = fl_longer(all->outside, whole);
    all->sum.jobs++;
    fl_unlock(&all->lock);
}

/* ---- Events ---- */

static bool is_measured(enum fl_trace_kind kind)
{
    return kind == FL_TRACE_WAIT || kind == FL_TRACE_GO_ON || kind == FL_TRACE_JOB ||
           kind == FL_TRACE_JOB_END;
}

/* Of events that are fewer than those of forked tasks. */
static void on_other(fl_work_span *all, fl_chain *c, enum fl_trace_kind kind, uint32_t slot,
                     int64_t now)
{
    switch (kind) {
    case FL_TRACE_JOIN:
        on_join(c, now);
        break;
    case FL_TRACE_JOINED:
        on_joined(all, c, slot, now);
        break;
    case FL_TRACE_JOB:
        on_job(all, c, now);
        break;
    case FL_TRACE_JOB_END:
        on_job_end(all, c, now);
        break;
    case FL_TRACE_WAIT:
        c->waits += c->runs;
        fl_chain_stop(c, now);
        break;
    default: /* GO_ON */
        if (!c->joins)
            fl_chain_start(c, now);
    }
}

static void on_event(fl_work_span *all, fl_chain *c, enum fl_trace_kind kind, uint32_t a,
                     uint32_t b, int64_t now)
{
    if (kind == FL_TRACE_FORK)
        push(all, c, a, true, now);
    else if (kind == FL_TRACE_RUN)
        begin(all, c, a, (fl_length){0}, now);
    else if (kind == FL_TRACE_RUN_END)
        on_run_end(all, c, a, b, now);
    else
        on_other(all, c, kind, a, now);
}

static int64_t now_of(const fl_worker *worker)
{
    return (int64_t)fl_steady_now(worker->rt->work_span->in_ticks);
}

void fl_work_span_task(fl_worker *worker, enum fl_trace_kind kind, uint32_t slot, uint32_t b)
{
    fl_work_span_at(worker, kind, slot, b, now_of(worker));
}

void fl_work_span_event(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    if (is_measured(kind))
        fl_work_span_at(worker, kind, a, b, now_of(worker));
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
    on_event(all, c, kind, a, b, now);
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
    FL_GIVEN(out);
    filch_work_span sum;
    int rc = fl_runtime_meant(&rt, "filch_work_span_read");
    if (rc)
        return rc;
    if (!rt->work_span)
        return fl_fail(EINVAL, "filch_work_span_read on a runtime that does not measure; set "
                               "FILCH_SPAN=1 when it is created");
    fl_work_span_read(rt->work_span, &sum);
    fl_answer(out, size, &sum, sizeof sum);
    return 0;
}

/* ---- The longest chain ---- */

bool fl_chain_grow(fl_chain *c)
{
    uint32_t room = c->room ? 2 * c->room : 64;
    fl_mark *more = realloc(c->mark, room * sizeof *more);
    if (!more)
        return false;
    c->mark = more;
    c->room = room;
    return true;
}

/* ---- The cost of loops ---- */

filch_u32 fl_tax_watchers;

void fl_tax_watch(int by)
{
    filch_u32_add(&fl_tax_watchers, (uint32_t)by, FILCH_RELAXED); /* a few calls more or less */
}

/* ---- Rows ---- */

/* Addresses of functions have at most 57 bits, and none is 0. */
static uint64_t key_of(const fl_tax_call *call)
{
    return (uint64_t)(uintptr_t)call->body << 6 | fl_site_magnitude(call->n);
}

const void *fl_tax_site(const fl_tax_row *row, uint64_t *iterations)
{
    const uint64_t key = filch_u64_load(&row->key, FILCH_RELAXED); /* a number: see work_span.h */
    *iterations = key ? UINT64_C(1) << (key & 63) : 0;
    return (const void *)(uintptr_t)(key >> 6);
}

static fl_tax_row *row_for(fl_tax *tax, uint64_t key)
{
    const uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (unsigned i = 0; i < FL_TAX_ROWS; i++) {
        fl_tax_row *row = &tax->row[(hash + i) % FL_TAX_ROWS];
        uint64_t is = filch_u64_load(&row->key, FILCH_RELAXED); /* a number: see work_span.h */
        if (is == key ||
            (!is && filch_u64_cas(&row->key, &is, key, FILCH_RELAXED)) || /* the same */
            is == key)
            return row;
    }
    return &tax->row[FL_TAX_ROWS];
}

static void count(fl_tax *tax, const fl_tax_call *call)
{
    fl_tax_row *row = row_for(tax, key_of(call));
    filch_u64_add(&row->calls, 1, FILCH_RELAXED);             /* a number: see work_span.h */
    filch_u64_add(&row->helped, call->helped, FILCH_RELAXED); /* the same */
    filch_u64_add(&row->time, call->time, FILCH_RELAXED);     /* the same */
    filch_u64_add(&row->serial, call->serial, FILCH_RELAXED); /* the same */
}

/* ---- A call ---- */

static void record(fl_worker *worker, const fl_tax_call *call)
{
    const uint32_t site = fl_site_magnitude(call->n) | (call->helped ? FL_TRACE_HELPED : 0);
    fl_event_named(worker, FL_TRACE_LOOP, site, fl_symbol(call->body));
    fl_event(worker, FL_TRACE_LOOP_TIME, fl_trace_pack(call->time), fl_trace_pack(call->serial));
}

void fl_tax_add(fl_worker *worker, const fl_tax_call *call)
{
    if (worker->rt->share)
        count(&worker->rt->share->tax, call);
    if (fl_traced(worker))
        record(worker, call);
}
