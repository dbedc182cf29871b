/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The load of the CPUs that this process may use, in percent: the larger of two shares. One is the
 * machine's time that was not idle (/proc/stat). The other is this process's use of the CPUs, or of
 * a smaller quota of its cgroup. The pure part compares two samples; the rest takes them, at most
 * one in SPAN, since the kernel counts in steps of some milliseconds. Threads: one at a time. */
#ifndef FL_CPU_LOAD_H
#define FL_CPU_LOAD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_cpu_sample {
    int64_t at;           /* ns */
    int64_t used;         /* CPU time of the process, ns */
    uint64_t busy, total; /* of the machine, in the kernel's steps; 0: unknown */
} fl_cpu_sample;

typedef struct fl_cpu_load {
    fl_cpu_sample last; /* at 0: none was taken */
    double cpus;
    int percent; /* -1: unknown */
} fl_cpu_load;

/* ---- Pure ---- */

/* Parses the first line of /proc/stat; false: it is malformed. */
bool fl_cpu_parse(const char *line, fl_cpu_sample *out);
/* 0..100 */
int fl_cpu_percent(const fl_cpu_sample *from, const fl_cpu_sample *to, double cpus);

/* ---- Looking ---- */

void fl_cpu_load_init(fl_cpu_load *load);
/* The load since the last sample; a sample younger than SPAN is kept. */
int fl_cpu_load_look(fl_cpu_load *load, int64_t now);

#endif
