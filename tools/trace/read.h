/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reads a trace file (runtime/trace/format.h): checks it, puts the writers' events in the order of time,
 * and gives each its time in ns. The file may be damaged, of a process that was killed, or still growing;
 * all that is good in it is read, and the rest is counted. */
#ifndef TRACE_READ_H
#define TRACE_READ_H

#include <runtime/trace/format.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct trace_event {
    int64_t ns; /* since the trace began */
    uint32_t writer;
    uint32_t kind; /* enum fl_trace_kind, a known one */
    uint32_t a, b;
} trace_event;

typedef struct trace_file trace_file;

/* Of a whole trace. */
typedef struct trace_facts {
    uint32_t workers;
    enum fl_trace_level level;
    enum fl_trace_state state;
    bool killed;        /* it has no end: its process was killed, or runs still */
    int64_t began_unix; /* ns */
    int64_t length;     /* ns, to the last event that is known */
    uint64_t lost;      /* events without room */
    uint64_t replaced;  /* blocks that newer ones have overwritten */
    uint64_t gaps;      /* blocks that are missing between others */
    uint64_t damaged;   /* blocks and events that make no sense, which are left out */
    int64_t drift;      /* ns: the most that a clock reading is off the line between the ends */
    const char *program;
    uint64_t process;
} trace_facts;

/* NULL: the reason is in error. */
trace_file *trace_open(const char *path, char *error, size_t size);
void trace_close(trace_file *trace);
const trace_facts *trace_facts_of(const trace_file *trace);
/* Starts over at the first event. */
void trace_rewind(trace_file *trace);
/* The next event by time, of all writers. false: there is none. */
bool trace_next(trace_file *trace, trace_event *out);
/* The text of a name's number; "(unnamed)": 0, or a number that the file does not have. */
const char *trace_name(const trace_file *trace, uint32_t number);
/* The first number that has the text of that one. */
uint32_t trace_name_first(const trace_file *trace, uint32_t number);
/* Is every event there? Otherwise *why says why not. */
bool trace_is_whole(const trace_file *trace, const char **why);

#endif
