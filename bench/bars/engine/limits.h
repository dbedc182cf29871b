/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Limits that are imposed while a runtime of two workers exists: another process on one of two CPUs, an affinity
 * mask of one CPU, a CPU quota, and one that is halved. Each has a begin and an end. */
#ifndef BARS_LIMITS_H
#define BARS_LIMITS_H

#include "../load.h"

#include <dirent.h>
#include <sched.h>
#include <tests/support/system.h>

/* ---- Another process ---- */

static pid_t limit_load;

static inline bool limit_load_begin(void)
{
    limit_load = load_start();
    return true;
}

static inline void limit_load_end(void)
{
    load_stop(limit_load);
}

/* ---- A mask, as taskset -a sets it ---- */

enum { LIMIT_THREADS = 64 };
static struct {
    int id[LIMIT_THREADS];
    cpu_set_t mask[LIMIT_THREADS];
    unsigned count;
} limit_was;

/* Notes the threads and their masks. */
static inline void limit_note(void)
{
    DIR *threads = opendir("/proc/self/task");
    limit_was.count = 0;
    for (struct dirent *one; threads && (one = readdir(threads));) {
        int id = atoi(one->d_name);
        unsigned at = limit_was.count;
        if (id > 0 && at < LIMIT_THREADS &&
            !sched_getaffinity(id, sizeof(cpu_set_t), &limit_was.mask[at])) {
            limit_was.id[at] = id;
            limit_was.count++;
        }
    }
    if (threads)
        closedir(threads);
}

static inline bool limit_mask_begin(void)
{
    cpu_set_t one, all;
    int first = 0;
    if (sched_getaffinity(0, sizeof all, &all))
        return false;
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    limit_note();
    for (unsigned i = 0; i < limit_was.count; i++)
        sched_setaffinity(limit_was.id[i], sizeof one, &one);
    return limit_was.count > 0;
}

static inline void limit_mask_end(void)
{
    for (unsigned i = 0; i < limit_was.count; i++)
        sched_setaffinity(limit_was.id[i], sizeof(cpu_set_t), &limit_was.mask[i]);
}

/* ---- A quota ---- */

static cpu_group limit_group;

static inline bool limit_quota(unsigned hundredths)
{
    if (!cpu_group_make(&limit_group, hundredths))
        return false;
    bool entered = cpu_group_enter(&limit_group);
    if (!entered)
        cpu_group_leave(&limit_group);
    return entered;
}

static inline bool limit_quota_begin(void)
{
    return limit_quota(150);
}

static inline bool limit_halved_begin(void)
{
    return limit_quota(150) && cpu_group_limit(&limit_group, 75);
}

static inline void limit_quota_end(void)
{
    cpu_group_leave(&limit_group);
}

/* ---- The table ---- */

typedef struct cpu_limit {
    const char *name;
    bool (*begin)(void); /* false: it cannot be had here */
    void (*end)(void);
    double longest; /* seconds of calls to measure; 0: some turns */
    const char *needs;
} cpu_limit;

static const cpu_limit limits[] = {
    {"beside another", limit_load_begin, limit_load_end, 0, ""},
    {"mask of one CPU", limit_mask_begin, limit_mask_end, 0, "it takes /proc"},
    {"quota of 1.5 CPUs", limit_quota_begin, limit_quota_end, 0.5, CPU_GROUP_NEEDS},
    {"quota halved to 0.75", limit_halved_begin, limit_quota_end, 0.5, CPU_GROUP_NEEDS},
};
enum { LIMITS = sizeof limits / sizeof limits[0] };

#endif
