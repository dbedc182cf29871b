/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A trace file while it is written (runtime/trace/format.h): its blocks, its header, its end.
 *
 * The file is mapped, so that a process that is killed loses nothing that it had stored. Each block gets
 * its bytes on the disk before it is mapped: a store to a mapped page for which a full disk has no place
 * would be a SIGBUS. When the disk or the limit has no more, the trace stops, the program goes on,
 * and the header says so.
 *
 * Threads: fl_trace_file_block by any; the other functions by one at a time. */
#ifndef FL_TRACE_FILE_H
#define FL_TRACE_FILE_H

#include <filch/atomic.h>
#include <runtime/trace/format.h>

#include <stdbool.h>

typedef struct fl_trace_file {
    int fd;
    fl_trace_header *header; /* mapped */
    bool is_tsc;
    uint64_t most;    /* blocks */
    filch_u64 blocks; /* begun */
    filch_u64 lost, replaced;
    filch_u32 stopped; /* enum fl_trace_state, why no more blocks are begun; RUNNING: they are */
} fl_trace_file;

/* Creates the file (runtime/platform/new_file.h). most: bytes; workers: writers. Errors through fl_fail: -EBUSY (another trace is
 * written into it), -EEXIST (the name is that of something else), those of open and write. */
int fl_trace_file_create(fl_trace_file *file, const char *path, uint64_t most, unsigned workers,
                         enum fl_trace_level level);
/* Maps a new block of a writer. NULL: there is no room; the file says so. */
fl_trace_block *fl_trace_file_block(fl_trace_file *file, uint32_t writer, uint64_t sequence,
                                    uint64_t lost);
/* Begins a block anew, as the newest of its writer. */
void fl_trace_file_again(fl_trace_file *file, fl_trace_block *block, uint64_t sequence,
                         uint64_t lost);
void fl_trace_file_unmap(fl_trace_block *block);
/* Writes the end into the header, and closes. Its blocks are unmapped. */
void fl_trace_file_end(fl_trace_file *file);

/* The time of an event. */
uint64_t fl_trace_file_ticks(const fl_trace_file *file);

#endif
