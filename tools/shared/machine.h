/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the operating system says of the machine: once for the report, and again and again to see
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

/* Memory that programs can still have; infinite where the system does not tell. */
double machine_free_bytes(void);

#endif
