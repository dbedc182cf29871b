/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/trace/ring.h>

#include <filch/atomic.h>
#include <runtime/trace/file.h>
#include <runtime/trace/format.h>

#include <errno.h>
#include <stdlib.h>

int fl_trace_ring_init(fl_trace_ring *ring, fl_trace_file *file, uint32_t writer, unsigned kept)
{
    fl_trace_block **blocks = kept ? calloc(kept, sizeof *blocks) : NULL;
    if (kept && !blocks)
        return -ENOMEM;
    *ring = (fl_trace_ring){.file = file, .writer = writer, .kept = kept, .blocks = blocks};
    return 0;
}

void fl_trace_ring_clear(fl_trace_ring *ring)
{
    if (!ring->file)
        return;
    filch_u64_add(&ring->file->lost, ring->lost, FILCH_RELAXED); /* a number */
    for (unsigned i = 0; i < ring->kept; i++)
        if (ring->blocks[i])
            fl_trace_file_unmap(ring->blocks[i]);
    if (!ring->kept && ring->block)
        fl_trace_file_unmap(ring->block);
    free(ring->blocks);
}

/* The oldest kept block, begun anew; NULL: there is none yet. */
static fl_trace_block *overwrite(fl_trace_ring *ring)
{
    fl_trace_block *oldest = ring->kept ? ring->blocks[ring->sequence % ring->kept] : NULL;
    if (oldest)
        fl_trace_file_again(ring->file, oldest, ring->sequence, ring->lost);
    return oldest;
}

static bool next_block(fl_trace_ring *ring)
{
    fl_trace_block *next = overwrite(ring);
    if (!next)
        next = fl_trace_file_block(ring->file, ring->writer, ring->sequence, ring->lost);
    if (!next)
        return false;
    if (ring->kept)
        ring->blocks[ring->sequence % ring->kept] = next;
    else if (ring->block)
        fl_trace_file_unmap(ring->block);
    ring->block = next;
    ring->sequence++;
    ring->at = (fl_trace_event *)(void *)(next + 1);
    ring->end = ring->at + FL_TRACE_ROOM / sizeof *ring->at;
    return true;
}

void fl_trace_put(fl_trace_ring *ring, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    if (FILCH_UNLIKELY(ring->at == ring->end) && !next_block(ring)) {
        ring->lost++;
        return;
    }
    fl_trace_file *file = ring->file;
    uint64_t when = fl_trace_file_ticks(file) - file->header->began_ticks;
    *ring->at = (fl_trace_event){when << FL_TRACE_KIND_BITS | (unsigned)kind, a, b};
    ring->at++;
    uint64_t used = (uint64_t)((char *)ring->at - (char *)(ring->block + 1));
    filch_u64_store(&ring->block->used, used, FILCH_RELEASE); /* a reader sees what is below */
}
