/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Quotas are read from a /proc and a /sys that each test lays out in a folder of its own. */
#include <filch/base.h>
#include <ftw.h>
#include <limits.h>
#include <runtime/platform/machine/quota.h>
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

#define V2(group, text)                                                                            \
    {                                                                                              \
        "/sys/fs/cgroup" group "/cpu.max", text                                                    \
    }
#define V1(group, quota, period)                                                                   \
    {"/sys/fs/cgroup/cpu" group "/cpu.cfs_quota_us", quota},                                       \
    {                                                                                              \
        "/sys/fs/cgroup/cpu" group "/cpu.cfs_period_us", period                                    \
    }

static const struct {
    const char *claim;
    double cpus;                 /* 0: no limit; below: an error */
    const char *groups, *mounts; /* NULL: no /proc */
    struct {
        const char *path, *text;
    } files[4];
} rows[] = {
    {"v2 is quota over period",
     1.5,
     "0::/app\n",
     NO_CGROUP V2_MOUNT,
     {V2("/app", "150000 100000\n")}},
    {"v2 max is no limit", 0, "0::/app\n", V2_MOUNT, {V2("/app", "max 100000\n")}},
    {"v2 smaller quota of a parent wins",
     0.5,
     "0::/slice/app/part\n",
     V2_MOUNT,
     {V2("/slice", "50000 100000\n"), V2("/slice/app", "max 100000\n"),
      V2("/slice/app/part", "400000 100000\n")}},
    {"v2 smaller quota of the own group wins",
     2.5,
     "0::/slice/app\n",
     V2_MOUNT,
     {V2("/slice", "800000 100000\n"), V2("/slice/app", "25000 10000\n")}},
    {"groups without the cpu controller are passed over",
     3,
     "0::/slice/app/part\n",
     V2_MOUNT,
     {{"/sys/fs/cgroup/slice/app/part/cgroup.procs", ""}, V2("/slice", "300000 100000\n")}},
    {"v1 is quota over period",
     2,
     "3:cpuset:/other\n2:cpu,cpuacct:/app\n",
     V1_MOUNT,
     {V1("/app", "20000\n", "10000\n")}},
    {"v1 minus one is no limit", 0, "2:cpu:/app\n", V1_MOUNT, {V1("/app", "-1\n", "100000\n")}},
    {"v1 smaller quota of a parent wins",
     1,
     "2:cpu:/slice/app\n",
     V1_MOUNT,
     {V1("/slice", "100000\n", "100000\n"), V1("/slice/app", "700000\n", "100000\n")}},
    {"v1 group without limit has that of its parent",
     1.5,
     "2:cpu:/slice/app\n",
     V1_MOUNT,
     {V1("/slice", "30000\n", "20000\n"), V1("/slice/app", "-1\n", "100000\n")}},
    {"v1 other controllers do not count",
     0,
     "2:cpu:/\n3:cpuacct,cpuset:/app\n",
     V1_MOUNT,
     {V1("/app", "20000\n", "10000\n")}},
    {"hybrid takes v1 where v2 has no cpu controller",
     1.2,
     "2:cpu:/app\n1:name=systemd:/init\n0::/init\n",
     V1_MOUNT "33 20 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
     {{"/sys/fs/cgroup/unified/init/cgroup.procs", ""}, V1("/app", "120000\n", "100000\n")}},
    {"hybrid takes the smaller of both",
     3,
     "2:cpu:/app\n0::/app\n",
     V1_MOUNT "33 20 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
     {V1("/app", "400000\n", "100000\n"), V2("/unified/app", "300000 100000\n")}},
    {"container mount shows the group as its root",
     2.5,
     "2:cpu:/docker/abc\n",
     "32 20 0:28 /docker/abc /sys/fs/cgroup/cpu ro master:9 - cgroup cgroup rw,cpu\n",
     {V1("", "250000\n", "100000\n")}},
    {"group below a container mount's root is found",
     1.1,
     "0::/docker/abc/job\n",
     "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {V2("/job", "110000 100000\n")}},
    {"group that no mount shows counts from the mount point",
     0.6,
     "0::/elsewhere\n",
     "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {V2("", "60000 100000\n")}},
    {"root whose name only begins alike is another group",
     2,
     "0::/docker/abcdef\n",
     "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
     {V2("", "200000 100000\n"), V2("def", "100000 100000\n")}},
    {"group outside the namespace does not leave the mount",
     2,
     "0::/../other\n",
     V2_MOUNT,
     {V2("", "200000 100000\n"), {"/sys/fs/other/cpu.max", "100000 100000\n"}}},
    {"of several mounts the one with most groups counts",
     2,
     "0::/slice/app\n",
     "30 20 0:26 /slice/app /inner rw - cgroup2 cgroup rw\n" V2_MOUNT
     "32 20 0:26 /slice/other /other rw - cgroup2 cgroup rw\n",
     {{"/inner/cpu.max", "300000 100000\n"},
      {"/other/cpu.max", "10000 100000\n"},
      V2("/slice/app", "300000 100000\n"),
      V2("/slice", "200000 100000\n")}},
    {"mount point with a space is unescaped",
     1,
     "0::/a b\n",
     "30 20 0:26 / /my\\040groups rw - cgroup2 cgroup rw\n",
     {{"/my groups/a b/cpu.max", "100000 100000\n"}}},
    {"removed group counts by its parent",
     1,
     "0::/slice/gone (deleted)\n",
     V2_MOUNT,
     {V2("/slice", "100000 100000\n")}},
    {"no proc is no limit", 0, NULL, NULL, {{NULL, NULL}}},
    {"no mount is no limit", 0, "0::/app\n", NO_CGROUP, {{NULL, NULL}}},
    {"malformed period of v1 is refused",
     -EINVAL,
     "2:cpu:/app\n",
     V1_MOUNT,
     {V1("/app", "100000\n", "often\n")}},
    {"malformed list of groups is refused",
     -EINVAL,
     "nothing of the kind\n",
     V2_MOUNT,
     {{NULL, NULL}}},
    {"broken mount lines are passed over",
     1,
     "0::/app\n",
     "\n - \n1 2 - cgroup2\n30 20 0:26 / /x rw\n" V2_MOUNT,
     {V2("/app", "100000 100000\n")}},
    {"folder in a file's place is an error",
     -EISDIR,
     "0::/app\n",
     V2_MOUNT,
     {{"/sys/fs/cgroup/app/cpu.max/inside", ""}}},
};

FOR_EACH(quota_rows, the_smallest_limit_above_counts, rows)
{
    lay_out();
    if (one->groups)
        process(one->groups, one->mounts);
    for (size_t i = 0; i < sizeof one->files / sizeof *one->files && one->files[i].path; i++)
        file(one->files[i].path, one->files[i].text);
    if (one->cpus > 0)
        expect_limit(one->cpus);
    else
        expect_code((int)one->cpus);
    clear();
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

Test(quota, file_open_failure_is_reported)
{
    char name[PATH_MAX];
    process("0::/app\n", V2_MOUNT);
    file("/sys/fs/cgroup/app/cgroup.procs", "");
    snprintf(name, sizeof name, "%s/sys/fs/cgroup/app/cpu.max", root);
    cr_assert_eq(symlink("cpu.max", name), 0);
    expect_code(-ELOOP);
}

Test(quota, workers_round_up_within_units)
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

Test(quota, available_cpus_round_down_above_zero)
{
    static const struct {
        double quota;
        unsigned pus, cpus;
    } rule[] = {{0, 8, 8}, {0.5, 8, 1}, {1.9, 8, 1}, {2, 8, 2}, {64, 8, 8}, {0, 0, 1}};
    for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++)
        cr_expect_eq(fl_quota_cpus(rule[i].pus, rule[i].quota), rule[i].cpus, "quota %g",
                     rule[i].quota);
}
