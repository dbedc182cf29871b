/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reading what workers have counted. */
#include <runtime/engine/statistics.h>

#include <filch/stats.h>
#include <runtime/engine/counters.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/sized_struct.h>
#include <sched/forkstack.h>
#include <sched/times.h>

#include <errno.h>

/* ---- The numbers ---- */

#define AT(field) offsetof(filch_runtime_stats, field)
#define ROW(index, field, unit, help) {#field, unit, help, AT(field), 0},

static const filch_runtime_stat rows[] = {
    FL_COUNTER_TABLE(ROW) /* in the order of enum fl_counter */
    {"work_ns", "ns", "Time workers spent busy.", AT(work_ns), 0},
    {"search_ns", "ns", "Time workers spent looking for work.", AT(search_ns), 0},
    {"sleep_ns", "ns", "Time workers spent asleep.", AT(sleep_ns), 0},
    {"retired_ns", "ns", "Time workers spent retired.", AT(retired_ns), 0},
    {"fibers", "fibers", "Existing fibers.", AT(fibers), 1},
    {"suspended", "fibers", "Waiting fibers.", AT(suspended), 1},
    {"all_forks", "flag", "1 where each fork comes out of line and is counted.", AT(all_forks), 1},
    {"fibers_used", "fibers", "Fibers of jobs and workers.", AT(fibers_used), 1},
    {"fibers_used_most", "fibers", "Peak number of fibers of jobs and workers.",
     AT(fibers_used_most), 1},
};
FILCH_STATIC_ASSERT(sizeof rows / sizeof *rows == sizeof(filch_runtime_stats) / sizeof(uint64_t),
                    "each number has a row");

static const size_t times_at[FL_DOINGS] = {[FL_WORKING] = AT(work_ns),
                                           [FL_SEARCHING] = AT(search_ns),
                                           [FL_SLEEPING] = AT(sleep_ns),
                                           [FL_RETIRED] = AT(retired_ns)};

const filch_runtime_stat *filch_runtime_stats_row(unsigned i)
{
    return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

/* ---- Reading ---- */

static int64_t now(void)
{
    return fl_now();
}

static void add(filch_runtime_stats *sum, size_t at, uint64_t n)
{
    *(uint64_t *)(void *)((char *)sum + at) += n;
}

static void add_worker(filch_runtime_stats *sum, fl_worker *worker)
{
    uint64_t spent[FL_DOINGS];
    for (unsigned i = 0; i < FL_SUSPENDED; i++) /* relaxed: a number of its own */
        add(sum, rows[i].offset, filch_u64_load(&worker->counters[i], FILCH_RELAXED));
    fl_times_read(&worker->times, now, spent);
    for (unsigned i = 0; i < FL_DOINGS; i++)
        add(sum, times_at[i], spent[i]);
}

static void add_all(filch_runtime_stats *sum, const fl_runtime *rt)
{
    for (unsigned i = 0; i < rt->worker_set.most; i++)
        add_worker(sum, rt->worker[i]);
    int64_t suspended = (int64_t)fl_sum_suspended(rt);
    sum->suspended = suspended > 0 ? (uint64_t)suspended : 0; /* of moments close together */
    fl_fibers_read(&rt->fibers, &sum->fibers, &sum->fibers_used, &sum->fibers_used_most);
    sum->all_forks = rt->fibers.side != FL_SIDE_INLINE;
}

static int refuse(fl_runtime **rt, const char *call, int64_t worker, const void *out)
{
    int rc = fl_runtime_meant(rt, call);
    if (rc)
        return rc;
    if (worker < FILCH_ALL_WORKERS || worker >= (*rt)->worker_set.most)
        return fl_fail(EINVAL, "%s of worker %lld, but the runtime has 0 to %u; name one of them",
                       call, (long long)worker, (*rt)->worker_set.most - 1);
    if (!out)
        return fl_fail(EINVAL, "%s without an address for the answer; pass one", call);
    return 0;
}

int filch_runtime_stats_read(const filch_runtime *of, int worker, filch_runtime_stats *out,
                             size_t size)
{
    FL_GIVEN(out);
    fl_runtime *rt = (fl_runtime *)of; /* only read */
    filch_runtime_stats sum = {0};
    int rc = refuse(&rt, "filch_runtime_stats_read", worker, out);
    if (!rc && worker == FILCH_ALL_WORKERS)
        add_all(&sum, rt);
    else if (!rc)
        add_worker(&sum, rt->worker[worker]);
    fl_answer(out, size, &sum, sizeof sum);
    return rc;
}

int filch_runtime_steals_read(filch_runtime *rt, unsigned thief, uint64_t *taken, unsigned count)
{
    int rc = refuse(&rt, "filch_runtime_steals_read", thief, taken);
    if (rc)
        return rc;
    filch_u64 *thefts = rt->worker[thief]->thefts;
    for (unsigned i = 0; i < count; i++) /* relaxed: a number of its own */
        taken[i] = i < rt->worker_set.most ? filch_u64_load(&thefts[i], FILCH_RELAXED) : 0;
    return 0;
}
