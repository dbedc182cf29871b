/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The CPU time that the process's cgroup grants, such as "1.5 CPUs" for a container on 64 cores.
 * The affinity mask does not show it; more workers than that only throttle one another.
 *
 * Any thread; reads a few small files, keeps no state. Other resources of a cgroup are ignored. */
#ifndef FL_QUOTA_H
#define FL_QUOTA_H

/* Finds the smallest CPU quota between the process's own cgroup and the topmost one it can see:
 * cgroup v2 (cpu.max), v1 (cpu.cfs_quota_us, cpu.cfs_period_us) and both together. root is put
 * before every path, so that tests can lay out a /proc and a /sys of their own; NULL: the real
 * ones. 1: *cpus is the limit in CPUs (0.5 = half of one); 0: there is none (or no cgroups at all).
 * Negative errno (-EINVAL: a file that is not what the kernel writes; -EACCES; -ENOMEM; ...): *cpus
 * is untouched and filch_error() names the file. */
int fl_quota_read(const char *root, double *cpus);

/* The rounding rule, quota 0 meaning none.
 * Workers: max(1, min(units, ceil(quota))). Rounded up, since a worker too few wastes what was paid
 * for, while one too many is throttled for a fraction of each period: 0.5 -> 1, 1.5 -> 2, 2 -> 2.
 * CPUs at hand: max(1, min(pus, floor(quota))). Rounded down, since this decides whether a worker
 * may spin while it waits for another one: with 1.5 CPUs the two do not always run together. */
unsigned fl_quota_workers(unsigned units, double quota);
unsigned fl_quota_cpus(unsigned pus, double quota);

#endif
