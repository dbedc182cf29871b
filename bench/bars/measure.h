/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How every bar is measured and judged; C and C++. Arms run interleaved, A B C A B C, after one
 * round that is thrown away; a ratio is computed pairwise within one round, and the median of the
 * rounds is judged. "Ceiling" is the speed-up of two independent copies: 2 x (one alone) / (two
 * pinned copies together). */
#ifndef BARS_MEASURE_H
#define BARS_MEASURE_H

#include <filch/base.h>
#include <getopt.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { MEASURE_ROUNDS = 101 };

typedef double measure_once(void *context); /* runs once, returns seconds */

typedef struct measure_arm {
    const char *name;
    measure_once *once;
    void *context;
    double at[MEASURE_ROUNDS];
} measure_arm;

typedef struct measure_spread {
    double median, least, most;
} measure_spread;

typedef struct measure_options {
    int repeat;
    long size;        /* the program's own size; 0: its default */
    const char *only; /* a part of the names of those rows that shall run; NULL: all */
} measure_options;

enum measure_bound { MEASURE_AT_MOST, MEASURE_AT_LEAST, MEASURE_REPORTED };

static inline double measure_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CPU seconds of the whole process, all threads, user and system. */
static inline double measure_cpu(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

/* A field of /proc/self/status in KiB, e.g. "VmRSS:"; -1 if there is none. */
static inline long measure_status(const char *field)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kib = -1;
    while (f && kib < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0)
            kib = atol(line + strlen(field));
    if (f)
        fclose(f);
    return kib;
}

static inline void measure_sleep(double seconds)
{
    struct timespec t;
    t.tv_sec = (time_t)seconds;
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

/* The first two CPUs this process may use; with one only, both are the same. Returns how many
 * there are. */
static inline int measure_cpus(int cpus[2])
{
    cpu_set_t set;
    int found = 0;
    sched_getaffinity(0, sizeof set, &set);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set) && found++ < 2)
            cpus[found - 1] = i;
    if (found == 1)
        cpus[1] = cpus[0];
    return found;
}

static inline void measure_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static inline int measure_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `at`. */
static inline double measure_quantile(double *at, size_t count, double q)
{
    qsort(at, count, sizeof *at, measure_compare);
    return at[(size_t)(q * (double)(count - 1) + 0.5)];
}

static inline measure_spread measure_spread_of(const double *at, int count)
{
    double sorted[MEASURE_ROUNDS];
    measure_spread s;
    memcpy(sorted, at, (size_t)count * sizeof *at);
    s.median = measure_quantile(sorted, (size_t)count, 0.5);
    s.least = sorted[0];
    s.most = sorted[count - 1];
    return s;
}

static inline void measure_interleaved(measure_arm *arms, int count, int repeat)
{
    for (int round = -1; round < repeat; round++)
        for (int i = 0; i < count; i++) {
            double seconds = arms[i].once(arms[i].context);
            if (round >= 0)
                arms[i].at[round] = seconds;
        }
}

/* a / b, times scale, pairwise. */
static inline measure_spread measure_ratio(const measure_arm *a, const measure_arm *b, double scale,
                                           int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = a->at[i] / b->at[i] * scale;
    return measure_spread_of(at, repeat);
}

/* How the speed-up slow / fast compares with the ceiling 2 x alone / both, pairwise. */
static inline measure_spread measure_of_ceiling(const measure_arm *slow, const measure_arm *fast,
                                                const measure_arm *alone, const measure_arm *both,
                                                int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = slow->at[i] / fast->at[i] / (2 * alone->at[i] / both->at[i]);
    return measure_spread_of(at, repeat);
}

static inline void measure_show(const char *what, const measure_arm *arm, double scale,
                                const char *unit, int repeat)
{
    measure_spread s = measure_spread_of(arm->at, repeat);
    printf("    %-30s %-16s %10.3f %s (%.3f .. %.3f)\n", what, arm->name, s.median * scale, unit,
           s.least * scale, s.most * scale);
}

/* Prints one row: bar, figure, spread, what it has to be, whether it is. Returns whether it is. */
static inline bool measure_judge(const char *what, measure_spread figure, enum measure_bound bound,
                                 double value)
{
    bool reached = bound == MEASURE_REPORTED ||
                   (bound == MEASURE_AT_MOST && figure.median <= value) ||
                   (bound == MEASURE_AT_LEAST && figure.median >= value);
    char has_to_be[32] = "-";
    if (bound != MEASURE_REPORTED)
        snprintf(has_to_be, sizeof has_to_be, "%s %g",
                 bound == MEASURE_AT_MOST ? "<=" : ">=", value);
    printf("%-58s %9.3f  %8.3f .. %-9.3f %-9s %s\n", what, figure.median, figure.least, figure.most,
           has_to_be,
           bound == MEASURE_REPORTED ? "reported"
           : reached                 ? "reached"
                                     : "MISSED");
    fflush(stdout);
    return reached;
}

/* A row's text; it lasts until the next one is made. */
static inline __attribute__((format(printf, 1, 2))) const char *measure_text(const char *format,
                                                                             ...)
{
    static char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

/* Runs them interleaved, and shows them. */
static inline void measure_race(const char *what, measure_arm *arms, int count, double scale,
                                const char *unit, int repeat)
{
    measure_interleaved(arms, count, repeat);
    for (int i = 0; i < count; i++)
        measure_show(what, &arms[i], scale, unit, repeat);
}

/* Judges a / b. */
static inline bool measure_judge_ratio(const char *what, const measure_arm *a, const measure_arm *b,
                                       int repeat, enum measure_bound bound, double value)
{
    return measure_judge(what, measure_ratio(a, b, 1, repeat), bound, value);
}

/* Judges an arm in units of 1 / scale seconds. */
static inline bool measure_judge_arm(const char *what, const measure_arm *arm, double scale,
                                     int repeat, enum measure_bound bound, double value)
{
    measure_spread s = measure_spread_of(arm->at, repeat);
    s.median *= scale;
    s.least *= scale;
    s.most *= scale;
    return measure_judge(what, s, bound, value);
}

/* One figure that is not a median of rounds. */
static inline bool measure_judge_one(const char *what, double figure, enum measure_bound bound,
                                     double value)
{
    measure_spread s;
    s.median = s.least = s.most = figure;
    return measure_judge(what, s, bound, value);
}

/* Ends the program, with another status than for a missed bar, unless it holds. */
static inline void measure_expect(bool holds, const char *why)
{
    if (holds)
        return;
    fprintf(stderr, "cannot measure: %s\n", why);
    exit(2);
}

static inline void measure_check(int rc)
{
    if (rc)
        measure_expect(false, filch_error());
}

static inline bool measure_wanted(const measure_options *options, const char *name)
{
    return !options->only || strstr(name, options->only);
}

static inline measure_options measure_read_options(int argc, char **argv, long size,
                                                   const char *size_is)
{
    static const struct option known[] = {{"repeat", required_argument, NULL, 'r'},
                                          {"size", required_argument, NULL, 's'},
                                          {"only", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    measure_options options;
    int c;
    options.repeat = 11;
    options.size = size;
    options.only = NULL;
    while ((c = getopt_long(argc, argv, "r:s:o:", known, NULL)) != -1) {
        if (c == 'r')
            options.repeat = atoi(optarg);
        else if (c == 's')
            options.size = atol(optarg);
        else if (c == 'o')
            options.only = optarg;
        else
            options.repeat = 0;
    }
    if (options.repeat < 1 || options.repeat > MEASURE_ROUNDS || options.size < 0) {
        fprintf(stderr, "usage: %s [--repeat 1..%d] [--size %s] [--only NAME]\n", argv[0],
                MEASURE_ROUNDS, size_is);
        exit(2);
    }
    return options;
}

#endif
