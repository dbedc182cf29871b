/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "machine.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void read_cpu_name(char *out, size_t size)
{
    char line[256];
    snprintf(out, size, "unknown");
    FILE *in = fopen("/proc/cpuinfo", "r");
    while (in && fgets(line, sizeof line, in)) {
        char *colon = strchr(line, ':');
        if (!colon || strncmp(line, "model name", strlen("model name")) != 0)
            continue;
        colon[1 + strcspn(colon + 1, "\n")] = '\0';
        snprintf(out, size, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (in)
        fclose(in);
}

void machine_read(machine *out)
{
    struct utsname names;
    cpu_set_t mask;
    *out = (machine){.cpus = sysconf(_SC_NPROCESSORS_ONLN)};
    read_cpu_name(out->cpu, sizeof out->cpu);
    if (uname(&names) == 0)
        snprintf(out->kernel, sizeof out->kernel, "%.60s %.60s %.60s", names.sysname, names.release,
                 names.machine);
    out->usable_cpus = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : out->cpus;
    out->memory_mib = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

double machine_free_bytes(void)
{
    char line[256];
    double kib = -1;
    FILE *in = fopen("/proc/meminfo", "r");
    while (in && kib < 0 && fgets(line, sizeof line, in))
        if (sscanf(line, "MemAvailable: %lf", &kib) != 1)
            kib = -1;
    if (in)
        fclose(in);
    return kib < 0 ? INFINITY : kib * 1024;
}
