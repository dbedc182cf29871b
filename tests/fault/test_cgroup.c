/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_quota_read
 *
 * A CPU quota of a cgroup: as many workers as it pays for, rounded up, none of them pinned, and no
 * turning round while they idle. Once with a group of the kernel's, where one can be made here, and
 * once with files that look like one. */
#include <fcntl.h>
#include <runtime/platform/machine/quota.h>
#include <runtime/platform/machine/topology.h>
#include <sys/stat.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* In hundredths of a CPU, and the workers that it pays for. */
static const struct quota {
    unsigned cpus, workers;
} quotas[] = {{50, 1}, {100, 1}, {150, 2}};
enum { QUOTAS = sizeof quotas / sizeof quotas[0] };

static const struct quota *quota;
static char folder[128];

static void passes(void (*work)(void))
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_passed(&child), "%u/100 CPUs: 0x%x: %s", quota->cpus, child.status, child.text);
}

/* ---- Files that look like one ---- */

static const char *pretended;
int __real_fl_quota_read(const char *root, double *cpus);
int __wrap_fl_quota_read(const char *root, double *cpus);

int __wrap_fl_quota_read(const char *root, double *cpus)
{
    return __real_fl_quota_read(root ? root : pretended, cpus);
}

static void file(const char *path, const char *text)
{
    char name[256];
    snprintf(name, sizeof name, "%s%s", folder, path);
    for (char *slash = name + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(name, 0755);
        *slash = '/';
    }
    int out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    cr_assert_geq(out, 0, "%s", name);
    cr_assert_eq(write(out, text, strlen(text)), (ssize_t)strlen(text));
    close(out);
}

/* ---- What holds under a quota ---- */

static void live_with(const struct quota *under)
{
    const fl_topology *t;
    filch_runtime *rt = NULL;
    char text[4096];
    CHILD_CHECK(fl_topology_load(&t) == 0);
    unsigned units = fl_topology_units(t, FL_BIND_CORE);
    unsigned expected = under->workers < units ? under->workers : units;
    CHILD_CHECK(filch_runtime_create(&rt, NULL) == 0);
    CHILD_CHECK(filch_runtime_workers(rt) == expected);
    filch_runtime_describe(rt, text, sizeof text);
    CHILD_CHECK(expected == units || strstr(text, "quota"));
    CHILD_CHECK(FILCH_RUN(rt, fib, 20) == serial_fib(20));
    CHILD_CHECK(idle_process());
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
    for (unsigned q = 0; q < FIB_QUEUES; q++)
        CHILD_CHECK(fib_life(8, fib_queues[q], 15) == 0);
}

/* As many workers as cores, asked for by number. */
static void place_under(const struct quota *under)
{
    const fl_topology *t;
    filch_runtime *rt = NULL;
    char text[4096];
    CHILD_CHECK(fl_topology_load(&t) == 0);
    unsigned units = fl_topology_units(t, FL_BIND_CORE);
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = units}) == 0);
    filch_runtime_describe(rt, text, sizeof text);
    bool floats = strstr(text, "not pinned: the cgroup's CPU quota is less than the cores");
    CHILD_CHECK(floats == (under->cpus < 100 * units));
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static void live_with_files(void)
{
    pretended = folder;
    live_with(quota);
    place_under(quota);
}

Test(cgroup, unpinned_workers_follow_quota_from_files)
{
    for (quota = quotas; quota < quotas + QUOTAS; quota++) {
        char limit[64];
        strcpy(folder, P_tmpdir "/filch-test-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        snprintf(limit, sizeof limit, "%u %d\n", quota->cpus * (CPU_GROUP_PERIOD / 100),
                 CPU_GROUP_PERIOD);
        file("/proc/self/cgroup", "0::/app\n");
        file("/proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        file("/sys/fs/cgroup/app/cpu.max", limit);
        passes(live_with_files);
        static const char *const made[] = {"/sys/fs/cgroup/app/cpu.max",
                                           "/sys/fs/cgroup/app",
                                           "/sys/fs/cgroup",
                                           "/sys/fs",
                                           "/sys",
                                           "/proc/self/cgroup",
                                           "/proc/self/mountinfo",
                                           "/proc/self",
                                           "/proc",
                                           ""};
        for (unsigned i = 0; i < sizeof made / sizeof made[0]; i++) {
            char name[256];
            snprintf(name, sizeof name, "%s%s", folder, made[i]);
            cr_assert_eq(remove(name), 0, "%s", name);
        }
    }
}

/* ---- The kernel's ---- */

static cpu_group group;

static void live_in_group(void)
{
    CHILD_CHECK(cpu_group_enter(&group));
    live_with(quota);
}

Test(cgroup, workers_follow_kernel_cgroup_quota)
{
    if (!cpu_group_make(&group, 100)) {
        cr_log_warn("%s; only the quota read from files is tested", CPU_GROUP_NEEDS);
        return;
    }
    struct child children[QUOTAS];
    for (unsigned i = 0; i < QUOTAS; i++) {
        quota = &quotas[i];
        children[i].status = -1;
        if (cpu_group_limit(&group, quota->cpus))
            child_run(&children[i], live_in_group);
    }
    int rc = rmdir(group.folder);
    for (unsigned i = 0; i < QUOTAS; i++)
        cr_assert(child_passed(&children[i]), "%u/100 CPUs: 0x%x: %s", quotas[i].cpus,
                  children[i].status, children[i].text);
    cr_assert_eq(rc, 0, "%s stays", group.folder);
}
