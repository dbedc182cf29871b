/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/tax.h>

#include <runtime/engine/event.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/share_page.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/symbol.h>
#include <runtime/trace/format.h>

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
    const uint64_t key = filch_u64_load(&row->key, FILCH_RELAXED); /* a number: see tax.h */
    *iterations = key ? UINT64_C(1) << (key & 63) : 0;
    return (const void *)(uintptr_t)(key >> 6);
}

static fl_tax_row *row_for(fl_tax *tax, uint64_t key)
{
    const uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (unsigned i = 0; i < FL_TAX_ROWS; i++) {
        fl_tax_row *row = &tax->row[(hash + i) % FL_TAX_ROWS];
        uint64_t is = filch_u64_load(&row->key, FILCH_RELAXED); /* a number: see tax.h */
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
    filch_u64_add(&row->calls, 1, FILCH_RELAXED);             /* a number: see tax.h */
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
