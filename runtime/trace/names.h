/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names in a trace: each text gets a number when it is first used. A known name is found without a
 * lock, in a table that neither grows nor forgets; a new one takes the lock.
 *
 * A name is known by its address, so it must be one that lasts: a literal, a task's. One that does not
 * is looked up by its text, which costs as much as reading it.
 * Model: tests/model/trace.c.
 *
 *   InsertEntry: store the entry, release           -> FindEntry: load the entry, acquire: its
 *                                                      members are seen */
#ifndef FL_TRACE_NAMES_H
#define FL_TRACE_NAMES_H

#include <filch/atomic.h>
#include <runtime/trace/file.h>
#include <runtime/trace/format.h>

#ifdef FILCH_TINY
enum { FL_TRACE_NAMES_MOST = 16 };
#else
enum { FL_TRACE_NAMES_MOST = 4096 };
#endif

typedef struct fl_trace_names {
    fl_trace_file *file;
    filch_u32 lock;
    filch_ptr entry[2 * FL_TRACE_NAMES_MOST]; /* struct fl_trace_entry */
    fl_trace_block *block;                    /* that is filled; NULL: none yet */
    uint64_t sequence;
    uint32_t count;
} fl_trace_names;

void fl_trace_names_init(fl_trace_names *names, fl_trace_file *file);
void fl_trace_names_clear(fl_trace_names *names);
/* The number of a name that lasts. 0: NULL, or there is no room. Any thread. */
uint32_t fl_trace_name(fl_trace_names *names, const char *lasting);
/* The same of a text that may change afterwards. */
uint32_t fl_trace_name_copied(fl_trace_names *names, const char *text);

#endif
