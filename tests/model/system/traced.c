/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The file of a trace: blocks come from the heap, so an event into a block that was unmapped is an access to
 * freed memory. Its clock stands still. No runtime begins a trace by itself, or measures work and span. */
#include <runtime/engine/observe/tracing.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/platform/cycle_clock.h>
#include <tests/model/system/system.h>

#include <stdlib.h>

uint64_t fl_trace_file_ticks(const fl_trace_file *file)
{
    (void)file;
    return 0;
}

fl_trace_block *fl_trace_file_block(fl_trace_file *file, uint32_t writer, uint64_t sequence,
                                    uint64_t lost)
{
    fl_trace_block *block = calloc(1, FL_TRACE_BLOCK);
    (void)file;
    block->writer = writer;
    block->sequence = sequence;
    block->lost = lost;
    return block;
}

void fl_trace_file_again(fl_trace_file *file, fl_trace_block *block, uint64_t sequence,
                         uint64_t lost)
{
    (void)file, (void)block, (void)sequence, (void)lost;
    MC_CLAIM(false, "no model fills a block");
}

void fl_trace_file_unmap(fl_trace_block *block)
{
    free(block);
}

int fl_tracing_start(fl_runtime *rt, const fl_trace_options *options)
{
    (void)rt, (void)options;
    return 0;
}

void fl_tracing_end(fl_runtime *rt)
{
    (void)rt;
}

void fl_work_span_event(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    (void)worker, (void)kind, (void)a, (void)b;
    MC_CLAIM(false, "no model measures work and span");
}

void fl_work_span_task(fl_worker *worker, enum fl_trace_kind kind, uint32_t slot, uint32_t b)
{
    fl_work_span_event(worker, kind, slot, b);
}

fl_work_span *fl_work_span_create(bool in_ticks)
{
    (void)in_ticks;
    return NULL;
}

void fl_work_span_destroy(fl_work_span *all)
{
    (void)all;
}

void fl_work_span_print(fl_work_span *all)
{
    (void)all;
}

bool fl_ticks_are_steady(void)
{
    return false;
}
