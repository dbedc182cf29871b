/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A cgroup with a CPU quota. Needs root and a writable /sys/fs/cgroup. */
#ifndef SUPPORT_CPU_GROUP_H
#define SUPPORT_CPU_GROUP_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPU_GROUP_NEEDS                                                                            \
    "no cgroup with the cpu controller can be made: it takes root and a writable /sys/fs/cgroup"
enum { CPU_GROUP_PERIOD = 100000 }; /* us */

/* Where systems show the CPU controller, and the files that limit a group there. */
static const struct cpu_controller {
    const char *mount, *file, *format;
} cpu_controllers[] = {
    {"/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "%u\n"},
    {"/sys/fs/cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "%u\n"},
    {"/sys/fs/cgroup", "cpu.max", "%u 100000\n"},
};
enum { CPU_CONTROLLERS = sizeof cpu_controllers / sizeof cpu_controllers[0] };

typedef struct cpu_group {
    const struct cpu_controller *of;
    char folder[128];
} cpu_group;

static inline bool cpu_group_put(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int out = open(path, O_WRONLY);
    bool done = out >= 0 && write(out, text, strlen(text)) == (ssize_t)strlen(text);
    if (out >= 0)
        close(out);
    return done;
}

static inline bool cpu_group_limit(const cpu_group *group, unsigned hundredths)
{
    char text[64];
    snprintf(text, sizeof text, group->of->format, hundredths * (CPU_GROUP_PERIOD / 100));
    return cpu_group_put(group->folder, group->of->file, text);
}

/* In hundredths of a CPU. false: none can be made here. */
static inline bool cpu_group_make(cpu_group *group, unsigned hundredths)
{
    for (unsigned i = 0; i < CPU_CONTROLLERS; i++) {
        group->of = &cpu_controllers[i];
        snprintf(group->folder, sizeof group->folder, "%s/filch-test-%d", group->of->mount,
                 (int)getpid());
        if (mkdir(group->folder, 0755))
            continue;
        if (cpu_group_limit(group, hundredths))
            return true;
        rmdir(group->folder);
    }
    return false;
}

static inline bool cpu_group_move(const char *folder)
{
    char id[32];
    snprintf(id, sizeof id, "%d", (int)getpid());
    return cpu_group_put(folder, "cgroup.procs", id);
}

/* The calling process, with all its threads. */
static inline bool cpu_group_enter(const cpu_group *group)
{
    return cpu_group_move(group->folder);
}

/* Back to the topmost group, and removes this one. */
static inline bool cpu_group_leave(const cpu_group *group)
{
    bool moved = cpu_group_move(group->of->mount);
    return !rmdir(group->folder) && moved;
}

#endif
