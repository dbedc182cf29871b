/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The process in a registry: each value follows what the process does. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <time.h>
#include <unistd.h>

static exposition all;
static filch_metrics *metrics;

static double shown(const char *name)
{
    return exposition_value(exposition_written(metrics, &all), name);
}

static void begin(void)
{
    OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_metrics_add_process(metrics), 0, "%s", filch_error());
}

static double seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

Test(metrics_process, cpu_time_matches_process_and_grows)
{
    begin();
    double before = seconds(CLOCK_PROCESS_CPUTIME_ID), first = shown("process_cpu_seconds_total");
    while (seconds(CLOCK_PROCESS_CPUTIME_ID) < first + 0.001)
        ;
    double second = shown("process_cpu_seconds_total");
    cr_assert(before <= first && first < second && second <= seconds(CLOCK_PROCESS_CPUTIME_ID),
              "%g, %g, %g", before, first, second);
    filch_metrics_destroy(metrics);
}

Test(metrics_process, descriptors_are_counted_against_limit)
{
    struct rlimit limit;
    begin();
    double before = shown("process_open_fds");
    int one = open("/dev/null", O_RDONLY | O_CLOEXEC), two = dup(one);
    cr_assert_eq(shown("process_open_fds"), before + 2);
    close(one);
    close(two);
    cr_assert_eq(shown("process_open_fds"), before);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit lower = {123, limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &lower), 0);
    cr_assert_eq(shown("process_max_fds"), 123);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    filch_metrics_destroy(metrics);
}

Test(metrics_process, memory_follows_mapping_and_touching)
{
    enum { SIZE = 64 << 20 };
    begin();
    double mapped = shown("process_virtual_memory_bytes");
    double resident = shown("process_resident_memory_bytes");
    cr_assert(resident > 0 && resident < mapped, "%g of %g", resident, mapped);
    char *memory =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    cr_assert_neq(memory, MAP_FAILED);
    cr_assert_geq(shown("process_virtual_memory_bytes"), mapped + SIZE / 2);
    cr_assert_geq(shown("process_resident_memory_bytes"), resident + SIZE / 2);
    munmap(memory, SIZE);
    cr_assert_geq(shown("process_virtual_memory_max_bytes"), mapped);
    filch_metrics_destroy(metrics);
}

Test(metrics_process, start_time_is_past_and_constant)
{
    begin();
    double began = shown("process_start_time_seconds"), now = seconds(CLOCK_REALTIME);
    cr_assert(began > now - 3600 && began < now + 1, "%f, now %f", began, now);
    cr_assert_eq(shown("process_start_time_seconds"), began);
    filch_metrics_destroy(metrics);
}

static signpost go;

static void *wait_for_go(void *unused)
{
    signpost_wait(&go, 1);
    return unused;
}

Test(metrics_process, threads_are_counted)
{
    pthread_t first, second;
    begin();
    cr_assert_eq(pthread_create(&first, NULL, wait_for_go, NULL),
                 0); /* sanitizers start one, too */
    double before = shown("process_threads");
    cr_assert_eq(pthread_create(&second, NULL, wait_for_go, NULL), 0);
    cr_assert_eq(shown("process_threads"), before + 1);
    signpost_raise(&go);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
    filch_metrics_destroy(metrics);
}

Test(metrics_process, rows_are_removed_together_shown_once)
{
    static filch_gauge gauge;
    const filch_metric twin = {.name = "process_threads",
                               .help = "Threads.",
                               .kind = FILCH_METRIC_GAUGE,
                               .gauge = &gauge};
    cr_assert_eq(filch_metrics_add_process(NULL), -EINVAL);
    begin();
    cr_assert_eq(filch_metrics_add_process(metrics), -EEXIST);
    cr_assert_eq(filch_metrics_remove(metrics, metrics), 8);
    OK(filch_metrics_add(metrics, &twin));
    cr_assert_eq(filch_metrics_add_process(metrics), -EEXIST);
    cr_assert_eq(shown("process_max_fds"), -1, "nothing is left of what was refused");
    cr_assert_eq(filch_metrics_remove(metrics, twin.gauge), 1);
    OK(filch_metrics_add_process(metrics));
    promtool_accepts(exposition_written(metrics, &all));
    filch_metrics_destroy(metrics);
}
