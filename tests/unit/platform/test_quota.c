/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Quotas are read from a /proc and a /sys that each test lays out in a folder of its own. */
#include <filch/base.h>
#include <ftw.h>
#include <limits.h>
#include <runtime/platform/quota.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tests/support/test.h>
#include <unistd.h>

static char root[64];

static void lay_out(void)
{
    strcpy(root, P_tmpdir "/filch-test-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
}

static int drop(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    return remove(path);
}

static void clear(void)
{
    nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(quota, .init = lay_out, .fini = clear);

/* Writes a file below root, with the folders that lead to it. */
static void file(const char *path, const char *text)
{
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *slash = name + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(name, 0755);
        *slash = '/';
    }
    FILE *out = fopen(name, "w");
    cr_assert_not_null(out, "%s", name);
    fputs(text, out);
    fclose(out);
}

#define V2_MOUNT "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT                                                                                   \
    "31 20 0:27 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"                          \
    "32 20 0:28 / /sys/fs/cgroup/cpu rw shared:9 master:2 - cgroup cgroup rw,cpu\n"
#define NO_CGROUP "20 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"

static void process(const char *groups, const char *mounts)
{
    file("/proc/self/cgroup", groups);
    file("/proc/self/mountinfo", mounts);
}

static void v1_group(const char *path, const char *quota, const char *period)
{
    char name[PATH_MAX];
    snprintf(name, sizeof name, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", path);
    file(name, quota);
    snprintf(name, sizeof name, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", path);
    file(name, period);
}

static void expect_limit(double expected)
{
    double cpus = -1;
    cr_assert_eq(fl_quota_read(root, &cpus), 1, "%s", filch_error());
    cr_assert_float_eq(cpus, expected, 1e-9, "%g", cpus);
}

static void expect_code(int expected)
{
    double cpus = -1;
    int rc = fl_quota_read(root, &cpus);
    cr_assert_eq(rc, expected, "%d %s", rc, filch_error());
    cr_assert_eq(cpus, -1, "touched although there is no limit");
}

Test(quota, v2_is_quota_over_period)
{
    process("0::/app\n", NO_CGROUP V2_MOUNT);
    file("/sys/fs/cgroup/app/cpu.max", "150000 100000\n");
    expect_limit(1.5);
}

Test(quota, v2_max_is_no_limit)
{
    process("0::/app\n", V2_MOUNT);
    file("/sys/fs/cgroup/app/cpu.max", "max 100000\n");
    expect_code(0);
}

Test(quota, v2_smaller_quota_of_a_parent_wins)
{
    process("0::/slice/app/part\n", V2_MOUNT);
    file("/sys/fs/cgroup/slice/cpu.max", "50000 100000\n");
    file("/sys/fs/cgroup/slice/app/cpu.max", "max 100000\n");
    file("/sys/fs/cgroup/slice/app/part/cpu.max", "400000 100000\n");
    expect_limit(0.5);
}

Test(quota, v2_smaller_quota_of_the_own_group_wins)
{
    process("0::/slice/app\n", V2_MOUNT);
    file("/sys/fs/cgroup/slice/cpu.max", "800000 100000\n");
    file("/sys/fs/cgroup/slice/app/cpu.max", "25000 10000\n");
    expect_limit(2.5);
}

Test(quota, groups_without_the_cpu_controller_are_passed_over)
{
    process("0::/slice/app/part\n", V2_MOUNT);
    file("/sys/fs/cgroup/slice/app/part/cgroup.procs", "");
    file("/sys/fs/cgroup/slice/cpu.max", "300000 100000\n");
    expect_limit(3);
}

Test(quota, v1_is_quota_over_period)
{
    process("3:cpuset:/other\n2:cpu,cpuacct:/app\n", V1_MOUNT);
    v1_group("/app", "20000\n", "10000\n");
    expect_limit(2);
}

Test(quota, v1_minus_one_is_no_limit)
{
    process("2:cpu:/app\n", V1_MOUNT);
    v1_group("/app", "-1\n", "100000\n");
    expect_code(0);
}

Test(quota, v1_smaller_quota_of_a_parent_wins)
{
    process("2:cpu:/slice/app\n", V1_MOUNT);
    v1_group("/slice", "100000\n", "100000\n");
    v1_group("/slice/app", "700000\n", "100000\n");
    expect_limit(1);
}

Test(quota, v1_group_without_limit_has_that_of_its_parent)
{
    process("2:cpu:/slice/app\n", V1_MOUNT);
    v1_group("/slice", "30000\n", "20000\n");
    v1_group("/slice/app", "-1\n", "100000\n");
    expect_limit(1.5);
}

Test(quota, v1_other_controllers_do_not_count)
{
    process("2:cpu:/\n3:cpuacct,cpuset:/app\n", V1_MOUNT);
    v1_group("/app", "20000\n", "10000\n");
    expect_code(0);
}

Test(quota, hybrid_takes_v1_where_v2_has_no_cpu_controller)
{
    process("2:cpu:/app\n1:name=systemd:/init\n0::/init\n",
            V1_MOUNT "33 20 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    file("/sys/fs/cgroup/unified/init/cgroup.procs", "");
    v1_group("/app", "120000\n", "100000\n");
    expect_limit(1.2);
}

Test(quota, hybrid_takes_the_smaller_of_both)
{
    process("2:cpu:/app\n0::/app\n",
            V1_MOUNT "33 20 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    v1_group("/app", "400000\n", "100000\n");
    file("/sys/fs/cgroup/unified/app/cpu.max", "300000 100000\n");
    expect_limit(3);
}

Test(quota, container_mount_shows_the_group_as_its_root)
{
    process("2:cpu:/docker/abc\n",
            "32 20 0:28 /docker/abc /sys/fs/cgroup/cpu ro master:9 - cgroup cgroup rw,cpu\n");
    v1_group("", "250000\n", "100000\n");
    expect_limit(2.5);
}

Test(quota, group_below_a_container_mounts_root_is_found)
{
    process("0::/docker/abc/job\n",
            "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    file("/sys/fs/cgroup/job/cpu.max", "110000 100000\n");
    expect_limit(1.1);
}

Test(quota, group_that_no_mount_shows_counts_from_the_mount_point)
{
    process("0::/elsewhere\n", "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    file("/sys/fs/cgroup/cpu.max", "60000 100000\n");
    expect_limit(0.6);
}

Test(quota, root_whose_name_only_begins_alike_is_another_group)
{
    process("0::/docker/abcdef\n",
            "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    file("/sys/fs/cgroupdef/cpu.max", "100000 100000\n");
    expect_limit(2);
}

Test(quota, group_outside_the_namespace_does_not_leave_the_mount)
{
    process("0::/../other\n", V2_MOUNT);
    file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    file("/sys/fs/other/cpu.max", "100000 100000\n");
    expect_limit(2);
}

Test(quota, of_several_mounts_the_one_with_most_groups_counts)
{
    process("0::/slice/app\n", "30 20 0:26 /slice/app /inner rw - cgroup2 cgroup rw\n" V2_MOUNT
                               "32 20 0:26 /slice/other /other rw - cgroup2 cgroup rw\n");
    file("/inner/cpu.max", "300000 100000\n");
    file("/other/cpu.max", "10000 100000\n");
    file("/sys/fs/cgroup/slice/app/cpu.max", "300000 100000\n");
    file("/sys/fs/cgroup/slice/cpu.max", "200000 100000\n");
    expect_limit(2);
}

Test(quota, mount_point_with_a_space_is_unescaped)
{
    process("0::/a b\n", "30 20 0:26 / /my\\040groups rw - cgroup2 cgroup rw\n");
    file("/my groups/a b/cpu.max", "100000 100000\n");
    expect_limit(1);
}

Test(quota, removed_group_counts_by_its_parent)
{
    process("0::/slice/gone (deleted)\n", V2_MOUNT);
    file("/sys/fs/cgroup/slice/cpu.max", "100000 100000\n");
    expect_limit(1);
}

Test(quota, no_proc_is_no_limit)
{
    expect_code(0);
}

Test(quota, no_mount_is_no_limit)
{
    process("0::/app\n", NO_CGROUP);
    expect_code(0);
}

Test(quota, malformed_files_are_refused_by_name)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "many 100000\n",
                                      "100000\n",
                                      "100000 0",
                                      "0 100000",
                                      "1e5 100000",
                                      "100000 -5",
                                      "maxx 10",
                                      "10 10x 10",
                                      "99999999999999999999 100000"};
    process("0::/app\n", V2_MOUNT);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        file("/sys/fs/cgroup/app/cpu.max", bad[i]);
        expect_code(-EINVAL);
        cr_expect(strstr(filch_error(), "/sys/fs/cgroup/app"), "\"%s\": %s", bad[i], filch_error());
    }
}

Test(quota, malformed_period_of_v1_is_refused)
{
    process("2:cpu:/app\n", V1_MOUNT);
    v1_group("/app", "100000\n", "often\n");
    expect_code(-EINVAL);
}

Test(quota, malformed_list_of_groups_is_refused)
{
    process("nothing of the kind\n", V2_MOUNT);
    expect_code(-EINVAL);
}

Test(quota, broken_mount_lines_are_passed_over)
{
    process("0::/app\n", "\n - \n1 2 - cgroup2\n30 20 0:26 / /x rw\n" V2_MOUNT);
    file("/sys/fs/cgroup/app/cpu.max", "100000 100000\n");
    expect_limit(1);
}

Test(quota, folder_in_a_files_place_is_an_error)
{
    process("0::/app\n", V2_MOUNT);
    file("/sys/fs/cgroup/app/cpu.max/inside", "");
    expect_code(-EISDIR);
}

Test(quota, file_that_cannot_be_opened_is_an_error)
{
    char name[PATH_MAX];
    process("0::/app\n", V2_MOUNT);
    file("/sys/fs/cgroup/app/cgroup.procs", "");
    snprintf(name, sizeof name, "%s/sys/fs/cgroup/app/cpu.max", root);
    cr_assert_eq(symlink("cpu.max", name), 0);
    expect_code(-ELOOP);
}

Test(quota, workers_are_rounded_up_within_the_units)
{
    static const struct {
        double quota;
        unsigned units, workers;
    } rule[] = {{0, 8, 8}, {0.5, 8, 1}, {1, 8, 1},     {1.01, 8, 2}, {1.5, 8, 2},
                {2, 8, 2}, {64, 8, 8},  {1e300, 8, 8}, {0.1, 1, 1},  {0, 0, 1}};
    for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++)
        cr_expect_eq(fl_quota_workers(rule[i].units, rule[i].quota), rule[i].workers, "quota %g",
                     rule[i].quota);
}

Test(quota, cpus_at_hand_are_rounded_down_to_no_less_than_one)
{
    static const struct {
        double quota;
        unsigned pus, cpus;
    } rule[] = {{0, 8, 8}, {0.5, 8, 1}, {1.9, 8, 1}, {2, 8, 2}, {64, 8, 8}, {0, 0, 1}};
    for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++)
        cr_expect_eq(fl_quota_cpus(rule[i].pus, rule[i].quota), rule[i].cpus, "quota %g",
                     rule[i].quota);
}
