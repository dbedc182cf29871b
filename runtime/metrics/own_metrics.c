/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime's own counters, as metrics: a row for each of filch_runtime_stats. */
#include <runtime/engine/runtime.h>
#include <runtime/metrics/metrics.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void read_stats(const void *rt, void *stats, size_t size)
{
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, stats, size);
}

static const fl_metric_stats stats_of_runtime = {sizeof(filch_runtime_stats), read_stats};

static double read_workers(void *rt)
{
    return filch_runtime_workers(rt);
}

int filch_metrics_add_runtime(filch_metrics *metrics, filch_runtime *rt, const char *name)
{
    FL_ALIVE(metrics);
    FL_ALIVE(rt);
    uint64_t before = fl_metrics_newest(metrics);
    filch_metric one = {.labels = {{name ? "runtime" : NULL, name}}, .arg = rt};
    const filch_runtime_stat *row;
    int rc = 0;
    for (unsigned i = 0; !rc && (row = filch_runtime_stats_row(i)); i++)
        rc = fl_metrics_add_row(metrics, &one, &stats_of_runtime, "runtime", row);
    one.name = "filch_runtime_workers";
    one.help = "Workers of the runtime.";
    one.kind = FILCH_METRIC_GAUGE;
    one.read = read_workers;
    rc = rc ? rc : filch_metrics_add(metrics, &one);
    if (rc)
        fl_metrics_remove_above(metrics, rt, before);
    return rc;
}

/* ---- Of the process ---- */

/* The process as a whole, under the names of Prometheus' client libraries
 * (prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics"). Each value is read from
 * the kernel when it is shown, so a child of fork() shows itself; NaN: the kernel does not tell. */

/* ---- /proc ---- */

/* Fields of /proc/self/stat, by their numbers in proc(5). */
enum { STATE = 3, THREADS = 20, START = 22, VIRTUAL = 23, RESIDENT = 24 };

static double unknown(void)
{
    return __builtin_nan("");
}

/* The program's name, field 2, ends with the last parenthesis; it may contain blanks. */
static double stat_field(int wanted)
{
    char line[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    size_t size = file ? fread(line, 1, sizeof line - 1, file) : 0;
    if (file)
        fclose(file);
    line[size] = '\0';
    const char *at = strrchr(line, ')');
    for (int field = STATE - 1; at && field < wanted; field++)
        at = strchr(at + 1, ' ');
    unsigned long long value;
    return at && sscanf(at, "%llu", &value) == 1 ? (double)value : unknown();
}

/* Seconds since 1970 at which the system was started. */
static double boot_time(void)
{
    char line[4096];
    unsigned long long seconds = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file && !seconds && fgets(line, sizeof line, file))
        sscanf(line, "btime %llu", &seconds);
    if (file)
        fclose(file);
    return seconds ? (double)seconds : unknown();
}

static double limit_of(int resource)
{
    struct rlimit limit;
    return getrlimit(resource, &limit) ? unknown() : (double)limit.rlim_cur;
}

/* ---- What is read ---- */

static double read_cpu(void *unused)
{
    struct timespec time;
    (void)unused;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Without the file by which they are counted. */
static double read_open_fds(void *unused)
{
    (void)unused;
    int count = 0;
    DIR *files = opendir("/proc/self/fd");
    if (!files)
        return unknown();
    for (struct dirent *one; (one = readdir(files));)
        count += one->d_name[0] != '.';
    closedir(files);
    return count - 1;
}

static double read_max_fds(void *unused)
{
    (void)unused;
    return limit_of(RLIMIT_NOFILE);
}

static double read_virtual(void *unused)
{
    (void)unused;
    return stat_field(VIRTUAL);
}

static double read_max_virtual(void *unused)
{
    (void)unused;
    return limit_of(RLIMIT_AS);
}

static double read_resident(void *unused)
{
    (void)unused;
    return stat_field(RESIDENT) * (double)sysconf(_SC_PAGESIZE);
}

static double read_start(void *unused)
{
    (void)unused;
    return boot_time() + stat_field(START) / (double)sysconf(_SC_CLK_TCK);
}

static double read_threads(void *unused)
{
    (void)unused;
    return stat_field(THREADS);
}

/* ---- What is shown ---- */

#define METRIC(as, kind_, from, says)                                                              \
    {                                                                                              \
        .name = "process_" as, .help = says, .kind = FILCH_METRIC_##kind_, .read = read_##from     \
    }
static const filch_metric metrics_of_process[] = {
    METRIC("cpu_seconds_total", COUNTER, cpu, "User and system CPU time of all threads."),
    METRIC("open_fds", GAUGE, open_fds, "Open file descriptors."),
    METRIC("max_fds", GAUGE, max_fds, "Limit of open file descriptors."),
    METRIC("virtual_memory_bytes", GAUGE, virtual, "Virtual memory size."),
    METRIC("virtual_memory_max_bytes", GAUGE, max_virtual, "Limit of the virtual memory size."),
    METRIC("resident_memory_bytes", GAUGE, resident, "Resident memory size."),
    METRIC("start_time_seconds", GAUGE, start, "Start of the process, seconds since 1970."),
    METRIC("threads", GAUGE, threads, "Threads of the process."),
};

int filch_metrics_add_process(filch_metrics *metrics)
{
    FL_ALIVE(metrics);
    uint64_t before = fl_metrics_newest(metrics);
    int rc = 0;
    for (unsigned i = 0; !rc && i < sizeof metrics_of_process / sizeof *metrics_of_process; i++) {
        filch_metric one = metrics_of_process[i];
        one.owner = metrics;
        rc = filch_metrics_add(metrics, &one);
    }
    if (rc)
        fl_metrics_remove_above(metrics, metrics, before);
    return rc;
}
