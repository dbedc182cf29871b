/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Facts of the operating system about the machine: once for the report, and repeatedly to see
 * who else uses it. */
#ifndef SHARED_MACHINE_H
#define SHARED_MACHINE_H

#include <stddef.h>

typedef struct machine {
    char cpu[128], kernel[192];
    long cpus, usable_cpus; /* online; in this process's affinity mask */
    double memory_mib;
} machine;

void machine_read(machine *out);

/* CPU seconds that all programs together, the kernel and the hypervisor's other guests took since
 * start; 0 where the system does not tell. In steps of 10 ms. */
double machine_busy_seconds(void);

/* Disturbances since start; 0 where the system does not tell. */
typedef struct machine_noise {
    double busy_seconds;    /* machine_busy_seconds() */
    double stolen_seconds;  /* of these, what the hypervisor gave to other guests */
    double quota_seconds;   /* for which the quota of this process's cgroup stopped its threads */
    double throttle_events; /* how often processors slowed down because they were hot */
} machine_noise;
machine_noise machine_noise_read(void);

/* Steps a second of a fixed loop that touches no memory, the best of a few tries, within a
 * millisecond: it falls when the clock does, even where nobody counts such events. */
double machine_pulse(void);

/* How many threads wanted a processor, on average over the last minute. */
double machine_load(void);

/* Memory that programs can still have; infinite where the system does not tell. */
double machine_free_bytes(void);

#endif
