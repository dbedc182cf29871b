/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rule, and its configuration. */
#include <runtime/pool/elastic.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/machine/quota.h>
#include <runtime/platform/time_sum.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/runner.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { ALL = 100, EIGHTH = 8 };                        /* percent; of the width */
static const int64_t RELIEF = 100 * FILCH_MILLISECOND; /* from one look at the CPUs to the next */

/* ---- The configuration ---- */

void fl_elastic_complete(filch_pool_config *config)
{
    if (!config->width_max)
        return;
    if (!config->width)
        config->width = 1;
    if (!config->grow_after)
        config->grow_after = FILCH_MILLISECOND;
    if (!config->shrink_after)
        config->shrink_after = FILCH_SECOND;
    if (!config->interval)
        config->interval = 10 * FILCH_MILLISECOND;
}

void fl_elastic_init(fl_elastic *elastic, const filch_pool_config *complete, int64_t now)
{
    *elastic = (fl_elastic){.most = complete->width_max,
                            .depth = complete->grow_depth,
                            .grow_after = complete->grow_after,
                            .shrink_after = complete->shrink_after,
                            .interval = complete->interval,
                            .cpu_max = (int)complete->cpu_max,
                            .relieved = INT64_MIN / 2,
                            .least = complete->width,
                            .since = now};
}

/* ---- The rule ---- */

static unsigned half(unsigned width)
{
    return width > 1 ? width / 2 : 1;
}

static bool deep(const fl_elastic *elastic, unsigned width, uint64_t waiting)
{
    return waiting >= (elastic->depth ? elastic->depth : width);
}

static unsigned wider(const fl_elastic *elastic, unsigned width)
{
    unsigned room = elastic->most - width;
    return width + (half(width) < room ? half(width) : room);
}

static unsigned narrower(const fl_elastic *elastic, unsigned width)
{
    unsigned floor = elastic->busiest > elastic->least ? elastic->busiest : elastic->least;
    if (floor >= width)
        return width;
    unsigned room = width - floor;
    return width - (half(width) < room ? half(width) : room);
}

/* Jobs wait for CPUs, and more of them at a time would only share these. */
static bool is_overloaded(const fl_elastic *elastic, const fl_load *load, int64_t now)
{
    return elastic->cpu_max && load->waiting && load->cpu * 2 >= elastic->cpu_max + ALL &&
           now - elastic->relieved >= RELIEF;
}

static unsigned relieved(fl_elastic *elastic, unsigned width, int64_t now)
{
    unsigned less = width / EIGHTH ? width / EIGHTH : 1;
    elastic->relieved = now;
    return width > elastic->least + less ? width - less : elastic->least;
}

unsigned fl_elastic_width(fl_elastic *elastic, unsigned width, const fl_load *load, int64_t now)
{
    bool presses = load->waiting && (deep(elastic, width, load->waiting) ||
                                     now - load->oldest >= elastic->grow_after);
    bool free = !elastic->cpu_max || load->cpu < elastic->cpu_max;
    bool grows = presses && free && width < elastic->most;
    if (width > elastic->least && is_overloaded(elastic, load, now))
        return relieved(elastic, width, now);
    if (!grows && now - elastic->since < elastic->shrink_after)
        return width;
    unsigned wanted = grows ? wider(elastic, width) : narrower(elastic, width);
    elastic->since = now;
    elastic->busiest = load->active;
    return wanted;
}

int64_t fl_elastic_next(const fl_elastic *elastic, unsigned width, bool waits, int64_t now)
{
    bool shrinks = width > elastic->least;
    bool grows = waits && (width < elastic->most || (elastic->cpu_max && shrinks));
    int64_t to_grow = grows ? fl_later(now, elastic->interval) : FILCH_FOREVER;
    int64_t to_shrink = shrinks ? fl_later(elastic->since, elastic->shrink_after) : FILCH_FOREVER;
    return to_grow < to_shrink ? to_grow : to_shrink;
}

bool fl_elastic_will_grow(const fl_elastic *elastic, unsigned width, uint64_t waiting)
{
    return waiting && width < elastic->most && elastic->interval != FILCH_FOREVER &&
           (deep(elastic, width, waiting) || elastic->grow_after != FILCH_FOREVER);
}

/* ---- The task ---- */

/* The monitor of an elastic pool: it looks, and changes the width. */

static void look(filch_self self, fl_work_item *job)
{
    static const filch_task task = {NULL, "(a pool's monitor)"};
    filch_pool *pool = FL_CONTAINER_OF(job, filch_pool, alarms[FL_ALARM_MONITOR].work_item);
    fl_fiber_of(self)->running.root = &task;
    fl_elastic_look(pool, fl_now());
}

int fl_elastic_open(filch_pool *pool)
{
    fl_elastic_init(&pool->width.elastic, &pool->config, fl_now());
    if (pool->width.elastic.cpu_max)
        fl_cpu_load_init(&pool->width.cpu_load);
    return pool->width.elastic.most ? fl_alarm_init(&pool->alarms[FL_ALARM_MONITOR], pool->rt, look)
                                    : 0;
}

void fl_elastic_mind(filch_pool *pool)
{
    const fl_elastic *elastic = &pool->width.elastic;
    if (pool->stats.width >= elastic->most && !elastic->cpu_max)
        return;
    const filch_job *newest = fl_order_newest(pool);
    if (newest)
        fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], fl_later(newest->since, elastic->interval));
}

void fl_elastic_mind_submitter(filch_pool *pool, int64_t since)
{
    const fl_elastic *elastic = &pool->width.elastic;
    if (fl_pool_meets(pool) && pool->stats.width < elastic->most)
        fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], fl_later(since, elastic->interval));
}

/* The job that has waited longest, in the queue or for a runner; NULL: none. */
static const filch_job *oldest(filch_pool *pool)
{
    const fl_node *first = fl_pool_meets(pool) ? pool->queue.room.waiters.first : NULL;
    if (pool->stats.waiting)
        return fl_order_nth_oldest(pool, 0);
    return !first ? NULL : ((const fl_submitter *)first->data)->job;
}

static int64_t next(filch_pool *pool, int64_t now)
{
    return fl_elastic_next(&pool->width.elastic, (unsigned)pool->stats.width, oldest(pool), now);
}

void fl_elastic_look(filch_pool *pool, int64_t now)
{
    fl_after after = {0};
    int cpu = pool->width.elastic.cpu_max ? fl_cpu_load_look(&pool->width.cpu_load, now) : -1;
    fl_pool_lock(pool);
    const filch_job *first = oldest(pool);
    const fl_load load = {pool->stats.waiting + fl_pool_presses(pool, 0), first ? first->since : 0,
                          pool->runners.active, cpu};
    unsigned width = (unsigned)pool->stats.width;
    unsigned wanted = fl_elastic_width(&pool->width.elastic, width, &load, now);
    pool->stats.grown += wanted > width;
    pool->stats.shrunk += wanted < width;
    fl_pool_set_width(pool, wanted, &after);
    fl_alarm_answer(&pool->alarms[FL_ALARM_MONITOR], next(pool, now));
    fl_pool_leave(pool, &after);
}

int fl_elastic_resize(filch_pool *pool, unsigned least)
{
    fl_elastic *elastic = &pool->width.elastic;
    if (least > elastic->most)
        return fl_fail(EINVAL,
                       "pool %s: width %u is above its width_max %u; resize it to less, or create "
                       "it with a larger width_max",
                       pool->config.name, least, elastic->most);
    fl_after after = {0};
    fl_pool_lock(pool);
    elastic->least = least;
    if (pool->stats.width < least)
        fl_pool_set_width(pool, least, &after);
    fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], next(pool, fl_now()));
    fl_pool_leave(pool, &after);
    return 0;
}

/* ---- The processor's load ---- */

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
