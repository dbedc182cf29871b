/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "clock.h"
#include "machine.h"

#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* CPU seconds of all processors: busy, and of these stolen. */
static void read_stat(double *busy, double *stolen)
{
    unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    FILE *in = fopen("/proc/stat", "r");
    int found = in ? fscanf(in, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
                            &system, &idle, &iowait, &irq, &softirq, &steal)
                   : 0;
    if (in)
        fclose(in);
    *busy = found == 8 ? (double)(user + nice + system + irq + softirq + steal) / ticks : 0;
    *stolen = found == 8 ? (double)steal / ticks : 0;
}

double machine_busy_seconds(void)
{
    double busy, stolen;
    read_stat(&busy, &stolen);
    return busy;
}

/* The number behind the first line of the file that begins with `name`; 0: there is none. */
static double number_in(const char *path, const char *name)
{
    char line[256];
    double number = 0;
    size_t length = strlen(name);
    FILE *in = fopen(path, "r");
    while (in && fgets(line, sizeof line, in))
        if (strncmp(line, name, length) == 0) {
            number = strtod(line + length, NULL);
            break;
        }
    if (in)
        fclose(in);
    return number;
}

/* Of cgroup v2, whose one line of /proc/self/cgroup begins with "0::". */
static double read_quota(void)
{
    static char path[4200];
    char line[4096] = "";
    if (!*path) {
        FILE *in = fopen("/proc/self/cgroup", "r");
        while (in && fgets(line, sizeof line, in) && strncmp(line, "0::", 3) != 0)
            *line = '\0';
        if (in)
            fclose(in);
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.stat", *line ? line + 3 : "");
    }
    return number_in(path, "throttled_usec ") * 1e-6;
}

static double read_throttles(void)
{
    glob_t found;
    double events = 0;
    if (glob("/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count", 0, NULL,
             &found))
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++)
        events += number_in(found.gl_pathv[i], "");
    globfree(&found);
    return events;
}

machine_noise machine_noise_read(void)
{
    machine_noise n = {.quota_seconds = read_quota(), .throttle_events = read_throttles()};
    read_stat(&n.busy_seconds, &n.stolen_seconds);
    return n;
}

double machine_pulse(void)
{
    enum { TRIES = 5, STEPS = 50000 };
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double start = seconds_of(CLOCK_MONOTONIC);
        uint64_t x = 1;
        for (int k = 0; k < STEPS; k++) {
            x = x * 0x5851f42d4c957f2du + 1;
            __asm__("" : "+r"(x));
        }
        double pulse = STEPS / (seconds_of(CLOCK_MONOTONIC) - start);
        best = pulse > best ? pulse : best;
    }
    return best;
}

double machine_load(void)
{
    double load;
    return getloadavg(&load, 1) == 1 ? load : 0;
}
