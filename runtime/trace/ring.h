/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One writer's events: the block that it fills, and those that it will overwrite. One thread at a time.
 * A reader of a file that is still written (tools/trace/read.c) loads `used` with acquire: the events below
 * are there, since they were stored before it, with release.
 *
 * Model: tests/model/trace.c. */
#ifndef FL_TRACE_RING_H
#define FL_TRACE_RING_H

#include <runtime/trace/file.h>
#include <runtime/trace/format.h>

#include <stdbool.h>

typedef struct fl_trace_ring {
    fl_trace_file *file;
    fl_trace_event *at, *end; /* the next one; the end of the block */
    fl_trace_block *block;    /* that is filled; NULL: none */
    uint32_t writer;
    uint64_t sequence, lost; /* blocks begun; events */
    unsigned kept;           /* blocks after which the oldest is overwritten; 0: none is */
    fl_trace_block **blocks; /* the kept ones */
} fl_trace_ring;

/* Of zero bytes. kept: 0, or the blocks that it overwrites in turn. -ENOMEM: it stays as it was. */
int fl_trace_ring_init(fl_trace_ring *ring, fl_trace_file *file, uint32_t writer, unsigned kept);
/* Unmaps its blocks, and adds its losses to the file's. Zero bytes: nothing. */
void fl_trace_ring_clear(fl_trace_ring *ring);
void fl_trace_put(fl_trace_ring *ring, enum fl_trace_kind kind, uint32_t a, uint32_t b);

#endif
