/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The publisher's life, and the list of pools. */
#include <runtime/engine/observe/page_writer.h>

#include <filch/stats.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/observe/page_requests.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/own_thread.h>
#include <runtime/platform/symbol.h>
#include <runtime/share/page.h>
#include <runtime/share/peek.h>
#include <sched/deque.h>
#include <sched/forkstack.h>
#include <sched/times.h>
#include <sched/victims/policy.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <urcu-bp.h>

/* A request may start threads, which must not come in the middle of creation or destruction. */
static void serve(fl_share *share)
{
    if (share->control < 0)
        return;
    fl_lock(&share->lock);
    fl_share_control_answer(share->control, share->may_change ? share->rt : NULL);
    fl_unlock(&share->lock);
}

/* Its read-side sections need liburcu's record of a thread, as in runtime/engine/worker.c. */
static void *publish_all(void *arg)
{
    fl_share *share = arg;
    pthread_setname_np(pthread_self(), "filch/share");
    fl_thread_exempt();
    fl_fork_hold();
    urcu_bp_read_lock();
    urcu_bp_read_unlock();
    fl_fork_release();
    for (int64_t next = fl_now(); !filch_u32_load(&share->ending, FILCH_RELAXED);) { /* a flag */
        serve(share);
        fl_share_publish(share);
        next += FL_SHARE_INTERVAL;
        if (next < fl_now()) /* the process was stopped */
            next = fl_now() + FL_SHARE_INTERVAL;
        while (!filch_u32_load(&share->ending, FILCH_RELAXED) && /* as above */
               !fl_futex_wait_until(&share->ending, 0, next))
            ;
    }
    fl_fork_hold(); /* the joining thread releases */
    return NULL;
}

/* The number among the shared runtimes of the process. */
static uint32_t next_number(void)
{
    static filch_u32 given;
    return filch_u32_add(&given, 1, FILCH_RELAXED) + 1; /* a number of its own */
}

static int start_thread(fl_share *share)
{
    int rc = fl_own_thread_start(&share->thread, publish_all, share);
    return rc ? fl_fail(rc, "no thread to share statistics: %s; raise the limit of threads",
                        strerror(rc))
              : 0;
}

static int open_control(fl_share *share)
{
    share->control = -1;
    if (share->rt->settings.share < 2)
        return 0;
    int fd = fl_share_control_open(share->address);
    share->control = fd;
    return fd < 0 ? fd : 0;
}

static void close_files(fl_share *share)
{
    fl_page_destroy(&share->page);
    if (share->control >= 0)
        close(share->control);
}

static int start(fl_share *share)
{
    int rc = fl_share_lay_out(share, next_number());
    if (rc)
        return rc;
    rc = open_control(share);
    if (!rc)
        rc = start_thread(share);
    if (rc)
        close_files(share);
    return rc;
}

int fl_share_start(fl_runtime *rt)
{
    if (!rt->settings.share)
        return 0;
    fl_share *share = calloc(1, sizeof *share);
    if (!share)
        return fl_fail(ENOMEM, "no memory to share statistics; free some");
    share->rt = rt;
    int rc = start(share);
    if (rc) {
        free(share);
        return rc;
    }
    rt->share = share;
    fl_tax_watch(1);
    return 0;
}

void fl_share_allow(fl_runtime *rt, bool may_change)
{
    if (!rt->share)
        return;
    fl_lock(&rt->share->lock);
    rt->share->may_change = may_change;
    fl_unlock(&rt->share->lock);
}

void fl_share_stop(fl_runtime *rt)
{
    fl_share *share = rt->share;
    if (!share)
        return;
    filch_u32_store(&share->ending, 1, FILCH_RELAXED); /* a flag; joining orders the rest */
    fl_futex_wake(&share->ending, 1);
    pthread_join(share->thread, NULL);
    fl_fork_release();
    serve(share); /* refuses the last ones */
    close_files(share);
    free(share);
    rt->share = NULL;
    fl_tax_watch(-1);
}

/* ---- Pools ---- */

void fl_share_enter(fl_runtime *rt, fl_share_pool *pool)
{
    fl_share *share = rt->share;
    if (!share)
        return;
    fl_lock(&share->lock);
    pool->id = ++share->pool_ids;
    pool->next = share->pools;
    share->pools = pool;
    fl_unlock(&share->lock);
}

/* In a child of fork() nobody reads it, and the lock may be held by a thread that is not there. */
void fl_share_leave(fl_runtime *rt, fl_share_pool *pool)
{
    if (!pool->id || rt->fork_generation != fl_fork_generation())
        return;
    fl_lock(&rt->share->lock);
    fl_share_pool **at = &rt->share->pools;
    while (*at != pool)
        at = &(*at)->next;
    *at = pool->next;
    fl_unlock(&rt->share->lock);
    pool->id = 0;
}

/* ---- The page ---- */

/* ReadCurrent is an edge of runtime/engine/suspend.c. */

/* ---- The tables ---- */

enum { RUNTIME, WORKERS, STEALS, POOLS, WAITS, LOOPS, TABLES };

typedef struct column {
    const char *name;
    enum fl_page_kind kind;
} column;

/* Rows of filch_runtime_stats follow these. */
enum {
    OF_WORKERS,
    OF_MAX_WORKERS,
    OF_POLICY,
    OF_QUEUE,
    OF_POOLS,
    OF_WAITS_COUNTED,
    OF_CONTROL,
    OF_RUNTIME
};
static const column of_runtime[OF_RUNTIME] = {
    [OF_WORKERS] = {"workers", FL_PAGE_LEVEL},
    [OF_MAX_WORKERS] = {"max_workers", FL_PAGE_LEVEL},
    [OF_POLICY] = {"policy", FL_PAGE_NAMED},
    [OF_QUEUE] = {"queue", FL_PAGE_NAMED},
    [OF_POOLS] = {"pools", FL_PAGE_LEVEL},
    [OF_WAITS_COUNTED] = {"waits_counted", FL_PAGE_LEVEL},
    [OF_CONTROL] = {"control", FL_PAGE_NAMED},
};

/* Those that are counts of a worker follow these. */
enum { OF_STATE, OF_TASK, OF_THREAD, OF_READY, OF_FORKED, OF_WORKER };
static const column of_worker[OF_WORKER] = {
    [OF_STATE] = {"state", FL_PAGE_NAMED},   [OF_TASK] = {"task", FL_PAGE_NAMED},
    [OF_THREAD] = {"thread", FL_PAGE_LEVEL}, [OF_READY] = {"ready", FL_PAGE_LEVEL},
    [OF_FORKED] = {"forked", FL_PAGE_LEVEL},
};

/* fl_share_pool_numbers follow these. */
enum { OF_NAME, OF_ID, OF_POOL };
static const column of_pool[OF_POOL] = {{"name", FL_PAGE_NAMED}, {"id", FL_PAGE_LEVEL}};

enum { OF_CALL, OF_TASKS, OF_WAIT };
static const column of_wait[OF_WAIT] = {{"call", FL_PAGE_NAMED}, {"tasks", FL_PAGE_LEVEL}};

enum { OF_BODY, OF_ITERATIONS, OF_CALLS, OF_HELPED, OF_TIME, OF_SERIAL, OF_LOOP };
static const column of_loop[OF_LOOP] = {
    [OF_BODY] = {"name", FL_PAGE_NAMED},    [OF_ITERATIONS] = {"iterations", FL_PAGE_LEVEL},
    [OF_CALLS] = {"calls", FL_PAGE_COUNT},  [OF_HELPED] = {"helped", FL_PAGE_COUNT},
    [OF_TIME] = {"time_ns", FL_PAGE_COUNT}, [OF_SERIAL] = {"serial_ns", FL_PAGE_COUNT},
};

static fl_page_column named(const column *of)
{
    return fl_page_column_of(of->name, of->kind);
}

static fl_page_column stat_column(const filch_runtime_stat *row)
{
    return fl_page_column_of(row->name, row->now ? FL_PAGE_LEVEL : FL_PAGE_COUNT);
}

static fl_page_column runtime_column(uint32_t i)
{
    return i < OF_RUNTIME ? named(&of_runtime[i])
                          : stat_column(filch_runtime_stats_row(i - OF_RUNTIME));
}

static fl_page_column worker_column(uint32_t i)
{
    return i < OF_WORKER ? named(&of_worker[i])
                         : stat_column(filch_runtime_stats_row(i - OF_WORKER));
}

static fl_page_column steal_column(uint32_t victim)
{
    char number[FL_PAGE_NAME];
    snprintf(number, sizeof number, "%u", victim);
    return fl_page_column_of(number, FL_PAGE_COUNT);
}

static fl_page_column pool_column(uint32_t i)
{
    return i < OF_POOL ? named(&of_pool[i]) : stat_column(&fl_share_pool_numbers.rows[i - OF_POOL]);
}

static fl_page_column wait_column(uint32_t i)
{
    return named(&of_wait[i]);
}

static fl_page_column loop_column(uint32_t i)
{
    return named(&of_loop[i]);
}

/* Rows of filch_runtime_stats; of_worker: those that are counts of a worker, which stand first. */
static uint32_t stats_rows(bool of_each_worker)
{
    uint32_t rows = 0;
    for (const filch_runtime_stat *row;
         (row = filch_runtime_stats_row(rows)) && !(of_each_worker && row->now);)
        rows++;
    return rows;
}

int fl_share_lay_out(fl_share *share, uint32_t number)
{
    uint32_t workers = share->rt->worker_set.most;
    uint32_t thieves = workers <= FL_SHARE_THIEVES ? workers : 0;
    const fl_page_plan plans[TABLES] = {
        [RUNTIME] = {"runtime", 1, OF_RUNTIME + stats_rows(false), runtime_column},
        [WORKERS] = {"workers", workers, OF_WORKER + stats_rows(true), worker_column},
        [STEALS] = {"steals", thieves, thieves, steal_column},
        [POOLS] = {"pools", FL_SHARE_POOLS, OF_POOL + fl_share_pool_numbers.count, pool_column},
        [WAITS] = {"waits", FL_SHARE_CALLS, OF_WAIT, wait_column},
        [LOOPS] = {"loops", FL_TAX_ROWS + 1, OF_LOOP, loop_column},
    };
    return fl_page_create(&share->page, plans, TABLES, number);
}

/* ---- Counters ---- */

static void put_rows(fl_share *share, unsigned table, uint32_t row, uint32_t first,
                     fl_share_numbers numbers, const void *stats)
{
    for (uint32_t i = 0; i < numbers.count; i++) {
        const void *at = (const char *)stats + numbers.rows[i].offset;
        fl_page_set(&share->page, table, row, first + i, *(const uint64_t *)at);
    }
}

/* Of one worker, or of all. */
static void put_stats(fl_share *share, int worker, unsigned table, uint32_t row, uint32_t first)
{
    filch_runtime_stats stats;
    const fl_share_numbers numbers = {filch_runtime_stats_row(0), stats_rows(table == WORKERS)};
    filch_runtime_stats_read(share->rt, worker, &stats, sizeof stats);
    put_rows(share, table, row, first, numbers, &stats);
}

static void put_thefts(fl_share *share, unsigned thief)
{
    uint64_t taken[FL_SHARE_THIEVES];
    unsigned count = share->rt->worker_set.most;
    if (count > FL_SHARE_THIEVES)
        return;
    filch_runtime_steals_read(share->rt, thief, taken, count);
    for (unsigned victim = 0; victim < count; victim++)
        fl_page_set(&share->page, STEALS, thief, victim, taken[victim]);
}

/* ---- A worker's moment ---- */

/* The name of what the fiber runs, from its fields as they were a moment ago. */
static bool name_of_task(const fl_fiber *fiber, char *name, size_t size)
{
    struct filch_job *pooled;
    const char *text = NULL;
    const filch_task *root;
    if (!fl_peek(&fiber->running.pooled, &pooled, sizeof pooled))
        return false;
    if (pooled)
        return fl_peek(&fiber->running.pooled_name, &text, sizeof text) &&
               fl_peek_text(text, name, size);
    return fl_peek(&fiber->running.root, &root, sizeof root) && root &&
           fl_peek(&root->name, &text, sizeof text) && fl_peek_text(text, name, size);
}

/* Its fork stack's depth, and its task. */
static void put_current(fl_share *share, fl_worker *worker, bool works)
{
    char name[FL_PAGE_TEXT] = "";
    unsigned forked = 0;
    fl_look_begin();
    fl_forkstack *stack = filch_ptr_load(&worker->current, FILCH_ACQUIRE); /* ReadCurrent */
    if (stack && works) {
        forked = fl_forkstack_length(stack);
        name_of_task((const fl_fiber *)stack, name, sizeof name);
    }
    fl_look_end();
    fl_page_set(&share->page, WORKERS, worker->index, OF_FORKED, forked);
    fl_page_set_text(&share->page, WORKERS, worker->index, OF_TASK, name);
}

static void put_worker(fl_share *share, fl_worker *worker)
{
    static const char *const states[FL_DOINGS] = {[FL_WORKING] = "working",
                                                  [FL_SEARCHING] = "searching",
                                                  [FL_SLEEPING] = "asleep",
                                                  [FL_RETIRED] = "retired"};
    enum fl_doing doing = fl_times_doing(&worker->times);
    int64_t ready = fl_deque_size(&worker->ready);
    uint32_t thread = filch_u32_load(&worker->thread_id, FILCH_RELAXED); /* a number of its own */
    if (doing < FL_DOINGS) /* else it is changing: the next publication has it */
        fl_page_set_text(&share->page, WORKERS, worker->index, OF_STATE, states[doing]);
    fl_page_set(&share->page, WORKERS, worker->index, OF_THREAD, thread);
    fl_page_set(&share->page, WORKERS, worker->index, OF_READY, ready > 0 ? (uint64_t)ready : 0);
    put_current(share, worker, doing == FL_WORKING);
    put_stats(share, (int)worker->index, WORKERS, worker->index, OF_WORKER);
    put_thefts(share, worker->index);
}

/* ---- Columns of pools ---- */

/* The row of a pool; FL_SHARE_POOLS: all are taken. */
static unsigned row_for(fl_share *share, const fl_share_pool *pool)
{
    unsigned row = FL_SHARE_POOLS;
    for (unsigned i = FL_SHARE_POOLS; i-- > 0;)
        if (share->row_of[i] == pool->id)
            return i;
        else if (!share->row_of[i])
            row = i;
    return row;
}

static void put_pool(fl_share *share, const fl_share_pool *pool, unsigned row)
{
    uint64_t stats[FL_SHARE_STATS / sizeof(uint64_t)];
    char name[FL_PAGE_TEXT] = "";
    pool->read(pool->pool, stats, sizeof stats);
    fl_peek_text(pool->name, name, sizeof name);
    fl_page_set_text(&share->page, POOLS, row, OF_NAME, name);
    fl_page_set(&share->page, POOLS, row, OF_ID, pool->id);
    put_rows(share, POOLS, row, OF_POOL, fl_share_pool_numbers, stats);
}

/* A row of a pool that is gone stays empty for one publication. */
static void put_pools(fl_share *share)
{
    bool is_there[FL_SHARE_POOLS] = {false};
    uint64_t pools = 0;
    fl_lock(&share->lock);
    for (const fl_share_pool *pool = share->pools; pool; pool = pool->next, pools++) {
        unsigned row = row_for(share, pool);
        if (row == FL_SHARE_POOLS)
            continue;
        share->row_of[row] = pool->id;
        is_there[row] = true;
        put_pool(share, pool, row);
    }
    fl_unlock(&share->lock);
    for (unsigned row = 0; row < FL_SHARE_POOLS; row++)
        if (!is_there[row] && share->row_of[row]) {
            share->row_of[row] = 0;
            fl_page_set(&share->page, POOLS, row, OF_ID, 0);
        }
    fl_page_set(&share->page, RUNTIME, 0, OF_POOLS, pools);
}

/* ---- Waiting tasks ---- */

static void count_wait(fl_fiber *fiber, void *arg)
{
    fl_share *share = arg;
    const char *call = fl_fiber_suspended_in(fiber);
    for (unsigned i = 0; call && i < FL_SHARE_CALLS; i++) {
        if (!share->waits[i].call)
            share->waits[i].call = call;
        if (strcmp(share->waits[i].call, call) == 0) {
            share->waits[i].tasks++;
            return;
        }
    }
}

static void put_waits(fl_share *share)
{
    bool counted = fl_fibers_count(&share->rt->fibers) <= FL_SHARE_FIBERS;
    for (unsigned i = 0; i < FL_SHARE_CALLS; i++)
        share->waits[i].tasks = 0;
    if (counted)
        fl_fibers_each(&share->rt->fibers, count_wait, share);
    for (unsigned i = 0; i < FL_SHARE_CALLS && share->waits[i].call; i++) {
        fl_page_set_text(&share->page, WAITS, i, OF_CALL, share->waits[i].call);
        fl_page_set(&share->page, WAITS, i, OF_TASKS, share->waits[i].tasks);
    }
    fl_page_set(&share->page, RUNTIME, 0, OF_WAITS_COUNTED, counted);
}

/* ---- Parallel loops ---- */

/* A row may show calls before its key (runtime/engine/observe/work_span.h): it is named next time. */
static void put_site(fl_share *share, unsigned row)
{
    uint64_t iterations;
    const void *body = fl_tax_site(&share->tax.row[row], &iterations);
    if (!body && row < FL_TAX_ROWS)
        return;
    fl_page_set_text(&share->page, LOOPS, row, OF_BODY, body ? fl_symbol(body) : "others");
    fl_page_set(&share->page, LOOPS, row, OF_ITERATIONS, iterations);
    share->has_site[row] = true;
}

static void put_loops(fl_share *share)
{
    for (unsigned row = 0; row <= FL_TAX_ROWS; row++) {
        const fl_tax_row *from = &share->tax.row[row];
        const uint64_t calls = filch_u64_load(&from->calls, FILCH_RELAXED);   /* see work_span.h */
        const uint64_t helped = filch_u64_load(&from->helped, FILCH_RELAXED); /* see work_span.h */
        const uint64_t time = filch_u64_load(&from->time, FILCH_RELAXED);     /* see work_span.h */
        const uint64_t serial = filch_u64_load(&from->serial, FILCH_RELAXED); /* see work_span.h */
        if (!calls)
            continue;
        if (!share->has_site[row])
            put_site(share, row);
        fl_page_set(&share->page, LOOPS, row, OF_CALLS, calls);
        fl_page_set(&share->page, LOOPS, row, OF_HELPED, helped);
        fl_page_set(&share->page, LOOPS, row, OF_TIME, time);
        fl_page_set(&share->page, LOOPS, row, OF_SERIAL, serial);
    }
}

/* ---- A publication ---- */

static void put_runtime(fl_share *share)
{
    const fl_runtime *rt = share->rt;
    const fl_policy *policy = filch_ptr_load(&rt->policy, FILCH_ACQUIRE); /* its row is there */
    fl_page_set(&share->page, RUNTIME, 0, OF_WORKERS, fl_workers(rt));
    fl_page_set(&share->page, RUNTIME, 0, OF_MAX_WORKERS, rt->worker_set.most);
    fl_page_set_text(&share->page, RUNTIME, 0, OF_POLICY, policy->name);
    fl_page_set_text(&share->page, RUNTIME, 0, OF_QUEUE, rt->queue->name);
    fl_page_set_text(&share->page, RUNTIME, 0, OF_CONTROL, share->address);
    put_stats(share, FILCH_ALL_WORKERS, RUNTIME, 0, OF_RUNTIME);
}

void fl_share_publish(fl_share *share)
{
    unsigned reach = fl_reach(share->rt); /* the others have done nothing */
    put_runtime(share);
    for (unsigned i = 0; i < reach; i++)
        put_worker(share, share->rt->worker[i]);
    put_pools(share);
    put_loops(share);
    if (share->round++ % FL_SHARE_WAITS_EVERY == 0)
        put_waits(share);
    fl_page_published(&share->page);
}
