/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Facts about a process from /proc (proc(5)). */
#ifndef TOP_PROCESS_H
#define TOP_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct process_facts {
    uint64_t started;   /* clock ticks since the system did */
    uint64_t inside;    /* its number as it sees itself: in a container another one */
    bool is_same_space; /* that number and those of its threads are the same here */
} process_facts;

/* false: there is no such process, or it has ended. */
bool process_look(long process, process_facts *out);
/* The processor on which the thread runs, or ran last; -1: not known. */
int process_cpu(long process, uint64_t thread);

#endif
