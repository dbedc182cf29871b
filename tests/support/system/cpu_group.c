/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <tests/support/system.h>

static const struct cpu_controller cpu_controllers[] = {
    {"/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "%u\n"},
    {"/sys/fs/cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "%u\n"},
    {"/sys/fs/cgroup", "cpu.max", "%u 100000\n"},
};

enum { CPU_CONTROLLERS = sizeof cpu_controllers / sizeof cpu_controllers[0] };

static bool cpu_group_put(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int out = open(path, O_WRONLY);
    bool done = out >= 0 && write(out, text, strlen(text)) == (ssize_t)strlen(text);
    if (out >= 0)
        close(out);
    return done;
}

bool cpu_group_limit(const cpu_group *group, unsigned hundredths)
{
    char text[64];
    snprintf(text, sizeof text, group->of->format, hundredths * (CPU_GROUP_PERIOD / 100));
    return cpu_group_put(group->folder, group->of->file, text);
}

bool cpu_group_make(cpu_group *group, unsigned hundredths)
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

static bool cpu_group_move(const char *folder)
{
    char id[32];
    snprintf(id, sizeof id, "%d", (int)getpid());
    return cpu_group_put(folder, "cgroup.procs", id);
}

bool cpu_group_enter(const cpu_group *group)
{
    return cpu_group_move(group->folder);
}

bool cpu_group_leave(const cpu_group *group)
{
    bool moved = cpu_group_move(group->of->mount);
    return !rmdir(group->folder) && moved;
}
