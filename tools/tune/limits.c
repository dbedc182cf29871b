/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "limits.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <tools/shared/machine.h>

/* Memory of a waiting thread or fiber, the kernel's part included. */
#define BYTES_EACH 65536.0

/* A number alone in a file; infinite where there is none ("max"). */
static double number_in(const char *path)
{
    double number;
    FILE *in = fopen(path, "r");
    if (!in || fscanf(in, "%lf", &number) != 1)
        number = INFINITY;
    if (in)
        fclose(in);
    return number;
}

unsigned safe_threads(void)
{
    struct rlimit mine;
    double most =
        fmin(number_in("/proc/sys/kernel/threads-max"), number_in("/sys/fs/cgroup/pids.max"));
    if (getrlimit(RLIMIT_NPROC, &mine) == 0 && mine.rlim_cur != RLIM_INFINITY)
        most = fmin(most, (double)mine.rlim_cur);
    most = fmin(most, machine_free_bytes() / BYTES_EACH) / 2;
    return (unsigned)fmin(fmax(most, 16), SAFE_THREADS);
}

unsigned safe_jobs(const tune_load *load, unsigned cores, bool quick)
{
    double each = (double)load->cpu * 1e-9, seconds = quick ? 0.06 : 0.4;
    double jobs = each > 0 ? seconds * cores / each : INFINITY;
    jobs = fmin(fmax(jobs, 100), quick ? 2000 : 10000);
    return (unsigned)fmin(jobs, fmax(machine_free_bytes() / BYTES_EACH / 2, 100));
}
