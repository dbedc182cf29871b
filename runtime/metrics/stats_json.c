/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime's statistics as JSON, in pieces: it allocates nothing for any number of workers. */
#include <filch/stats.h>

#include <runtime/engine/external.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct sink {
    filch_write_fn *write;
    void *arg;
    int rc; /* the result of write; nothing follows if not 0 */
} sink;

__attribute__((format(printf, 2, 3))) static void put(sink *to, const char *format, ...)
{
    char piece[128];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (!to->rc)
        to->rc = to->write(piece, (size_t)size, to->arg);
}

static uint64_t value_of(const filch_runtime_stat *row, const filch_runtime_stats *stats)
{
    return *(const uint64_t *)(const void *)((const char *)stats + row->offset);
}

/* "name":value, ... with a comma before each but the first where `first` says so. */
static void put_numbers(sink *to, const filch_runtime_stats *stats, bool of_worker)
{
    const char *comma = "";
    const filch_runtime_stat *row;
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++)
        if (!of_worker || !row->now) {
            put(to, "%s\"%s\":%llu", comma, row->name, (unsigned long long)value_of(row, stats));
            comma = ",";
        }
}

static void put_thefts(sink *to, const fl_runtime *rt, unsigned thief)
{
    const char *comma = "";
    for (unsigned i = 0; i < rt->worker_set.most && !to->rc; i++) {
        /* relaxed: a number of its own */
        uint64_t n = filch_u64_load(&rt->worker[thief]->thefts[i], FILCH_RELAXED);
        if (!n)
            continue;
        put(to, "%s{\"worker\":%u,\"items\":%llu}", comma, i, (unsigned long long)n);
        comma = ",";
    }
}

static void put_worker(sink *to, fl_runtime *rt, unsigned worker)
{
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, (int)worker, &stats, sizeof stats);
    put(to, "%s{\"worker\":%u,", worker ? "," : "", worker);
    put_numbers(to, &stats, true);
    put(to, ",\"stolen_from\":[");
    put_thefts(to, rt, worker);
    put(to, "]}");
}

int filch_runtime_stats_write_json(filch_runtime *rt, filch_write_fn *write, void *arg)
{
    int rc = fl_runtime_meant(&rt, "filch_runtime_stats_write_json");
    if (rc)
        return rc;
    if (!write)
        return fl_fail(EINVAL,
                       "filch_runtime_stats_write_json without a function to write to; pass one");
    filch_runtime_stats sum;
    sink to = {.write = write, .arg = arg};
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &sum, sizeof sum);
    put(&to, "{\"schema\":1,\"workers\":%u,\"max_workers\":%u,\"total\":{", fl_workers(rt),
        rt->worker_set.most);
    put_numbers(&to, &sum, false);
    put(&to, "},\"by_worker\":[");
    unsigned reach = fl_reach(rt);
    for (unsigned i = 0; i < reach && !to.rc; i++)
        put_worker(&to, rt, i);
    put(&to, "]}\n");
    return to.rc;
}
