/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/cpu_load.h>

#include <runtime/platform/quota.h>

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const int64_t SPAN = 100000000;

/* ---- Pure ---- */

bool fl_cpu_parse(const char *line, fl_cpu_sample *out)
{
    enum { IDLE = 3, IOWAIT, FIELDS = 8 };
    unsigned long long field[FIELDS];
    uint64_t total = 0;
    if (sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &field[0], &field[1], &field[2],
               &field[3], &field[4], &field[5], &field[6], &field[7]) != FIELDS)
        return false;
    for (int i = 0; i < FIELDS; i++)
        total += field[i];
    out->total = total;
    out->busy = total - field[IDLE] - field[IOWAIT];
    return true;
}

static int percent_of(double part, double whole)
{
    double percent = whole > 0 ? 100 * part / whole : 0;
    return percent < 0 ? 0 : percent > 100 ? 100 : (int)percent;
}

int fl_cpu_percent(const fl_cpu_sample *from, const fl_cpu_sample *to, double cpus)
{
    int own = percent_of((double)(to->used - from->used), (double)(to->at - from->at) * cpus);
    bool known = from->total && to->total > from->total && to->busy >= from->busy;
    int machine =
        known ? percent_of((double)(to->busy - from->busy), (double)(to->total - from->total)) : 0;
    return own > machine ? own : machine;
}

/* ---- Looking ---- */

/* A file that cannot be read gives no figures. */
static void read_machine(fl_cpu_sample *out)
{
    char line[256];
    int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t length = read(fd, line, sizeof line - 1);
    close(fd);
    if (length > 0) {
        line[length] = '\0';
        fl_cpu_parse(line, out);
    }
}

static fl_cpu_sample sample(int64_t now)
{
    fl_cpu_sample one = {.at = now};
    struct timespec used;
    if (!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used))
        one.used = used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
    read_machine(&one);
    return one;
}

void fl_cpu_load_init(fl_cpu_load *load)
{
    double quota;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    *load = (fl_cpu_load){.cpus = online > 0 ? (double)online : 1, .percent = -1};
    if (fl_quota_read(NULL, &quota) > 0 && quota < load->cpus)
        load->cpus = quota;
}

int fl_cpu_load_look(fl_cpu_load *load, int64_t now)
{
    if (load->last.at && now - load->last.at < SPAN)
        return load->percent;
    fl_cpu_sample next = sample(now);
    if (load->last.at)
        load->percent = fl_cpu_percent(&load->last, &next, load->cpus);
    load->last = next;
    return load->percent;
}
