/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/order.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/time_sum.h>
#include <runtime/pool/direct.h>
#include <runtime/pool/job.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/runner.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/wait.h>
#include <sched/assert.h>

#include <errno.h>

/* ---- Rows ---- */

/* Do its neighbours, or the ends of the row, name it? */
static inline bool is_linked(const fl_row *row, const filch_job *job)
{
    const fl_place_in_row *at = &job->age;
    const bool before = row->first == job || at->previous->age.next == job;
    const bool after = at->next ? at->next->age.previous == job : row->last == job;
    return before && after;
}

/* Behind `before`; NULL: as the first. The first one's `previous` has no meaning, so that taking it
 * does not touch the second, which another runner is about to take. */
static void enter(fl_row *row, filch_job *before, filch_job *job)
{
    filch_job **next = before ? &before->age.next : &row->first;
    job->age = (fl_place_in_row){.next = *next, .previous = before};
    if (*next)
        (*next)->age.previous = job;
    else
        row->last = job;
    *next = job;
    FL_ASSERT(is_linked(row, job));
}

void fl_row_enter(fl_row *row, filch_job *job)
{
    enter(row, row->last, job);
}

void fl_row_leave(fl_row *row, filch_job *job)
{
    const fl_place_in_row *at = &job->age;
    const bool is_first = row->first == job;
    FL_ASSERT(is_linked(row, job));
    if (is_first)
        row->first = at->next;
    else
        at->previous->age.next = at->next;
    if (!at->next)
        row->last = is_first ? NULL : at->previous;
    else if (!is_first)
        at->next->age.previous = at->previous;
}

/* FILCH_EARLIEST has two levels: 0 for jobs without a deadline, 1 for jobs with one. */
static fl_row *level_of(filch_pool *pool, const filch_job *job)
{
    return &pool->order.level[pool->config.order == FILCH_PRIORITY ? job->priority : job->dated];
}

/* Of the row of a level, in `levels`. */
static unsigned bit_of(const filch_pool *pool, const fl_row *row)
{
    return 1U << (row - pool->order.level);
}

static inline bool is_bit_right(const filch_pool *pool, const fl_row *row)
{
    return !row->first == !(pool->order.levels & bit_of(pool, row));
}

/* Those of the same time, which may be coarse, stand by number. */
static bool is_younger(const filch_job *a, const filch_job *b)
{
    return a->since > b->since || (a->since == b->since && a->id > b->id);
}

/* By age. A job that enters the queue is the last of its time; one that was moved has a number below
 * those of later submissions. */
static void enter_level(filch_pool *pool, filch_job *job, bool moved)
{
    fl_row *row = level_of(pool, job);
    filch_job *before = row->last;
    while (before && (moved ? is_younger(before, job) : before->since > job->since))
        before = before == row->first ? NULL : before->age.previous;
    enter(row, before, job);
    if (!pool->order.levels || job->since < pool->order.oldest)
        pool->order.oldest = job->since;
    pool->order.levels |= bit_of(pool, row);
    FL_ASSERT(is_bit_right(pool, row));
}

static void leave_level(filch_pool *pool, filch_job *job)
{
    fl_row *row = level_of(pool, job);
    FL_ASSERT(is_bit_right(pool, row));
    fl_row_leave(row, job);
    if (!row->first)
        pool->order.levels &= ~bit_of(pool, row);
}

/* ---- Orders ---- */

static filch_job *oldest(filch_pool *pool)
{
    return pool->queue.row.first;
}

static filch_job *newest(filch_pool *pool)
{
    return pool->queue.row.last;
}

/* The first of each row is its oldest, so that only these are compared. */
static filch_job *most_urgent_by_age(filch_pool *pool)
{
    filch_job *best = NULL;
    int64_t best_level = -1, now = fl_now();
    pool->order.oldest = now;
    for (unsigned i = FILCH_PRIORITIES; i-- > 0;) {
        filch_job *job = pool->order.level[i].first;
        if (!job)
            continue;
        int64_t level = (int64_t)i + (now - job->since) / pool->config.aging;
        if (level > best_level || (level == best_level && job->since < best->since)) {
            best = job;
            best_level = level;
        }
        if (job->since < pool->order.oldest)
            pool->order.oldest = job->since;
    }
    return best;
}

/* Unless a job has waited for as long as `aging`, the next is of the highest level that has one. */
static filch_job *most_urgent(filch_pool *pool)
{
    const unsigned levels = pool->order.levels;
    if (!levels)
        return NULL;
    const bool several = levels & (levels - 1);
    if (several && fl_is_past(fl_later(pool->order.oldest, pool->config.aging)))
        return most_urgent_by_age(pool);
    return pool->order.level[31 - __builtin_clz(levels)].first;
}

static filch_job *job_of(fl_timed *timed)
{
    return FL_CONTAINER_OF(timed, filch_job, by.deadline);
}

static filch_job *earliest(filch_pool *pool)
{
    fl_timed *first = fl_timer_row_first(&pool->order.by_deadline);
    return first ? job_of(first) : pool->order.level[0].first;
}

/* Finds the next job; and the number of level rows, 0: one row for all jobs. */
static const struct order {
    filch_job *(*next)(filch_pool *pool);
    unsigned rows;
} orders[FILCH_ORDERS] = {
    [FILCH_ANY] = {oldest, 0},        [FILCH_FIFO] = {oldest, 0},
    [FILCH_LIFO] = {newest, 0},       [FILCH_PRIORITY] = {most_urgent, FILCH_PRIORITIES},
    [FILCH_EARLIEST] = {earliest, 2},
};

fl_row *fl_order_row(filch_pool *pool, unsigned i)
{
    const unsigned rows = orders[pool->config.order].rows;
    if (i >= (rows ? rows : 1))
        return NULL;
    return rows ? &pool->order.level[i] : &pool->queue.row;
}

static bool stand_by_deadline(filch_pool *pool, filch_job *job)
{
    int64_t deadline = fl_job_deadline(job);
    job->by.deadline = (fl_timed){0};
    return deadline != FILCH_FOREVER &&
           !fl_timer_row_add(&pool->order.by_deadline, &job->by.deadline, deadline);
}

void fl_order_add(filch_pool *pool, filch_job *job)
{
    if (!orders[pool->config.order].rows) {
        fl_row_enter(&pool->queue.row, job);
        return;
    }
    job->dated = pool->config.order == FILCH_EARLIEST && stand_by_deadline(pool, job);
    enter_level(pool, job, false);
}

void fl_order_remove(filch_pool *pool, filch_job *job)
{
    if (!orders[pool->config.order].rows) {
        fl_row_leave(&pool->queue.row, job);
        return;
    }
    leave_level(pool, job);
    if (job->dated)
        fl_timer_row_remove(&pool->order.by_deadline, &job->by.deadline);
}

filch_job *fl_order_first(filch_pool *pool)
{
    return orders[pool->config.order].next(pool);
}

/* From the nearer end. */
static filch_job *nth_of(const fl_row *row, uint64_t nth, uint64_t younger)
{
    const bool from_first = nth <= younger;
    filch_job *job = from_first ? row->first : row->last;
    for (uint64_t steps = from_first ? nth : younger; steps; steps--)
        job = from_first ? job->age.next : job->age.previous;
    return job;
}

/* The first of each row is its oldest. */
static filch_job *nth_of_all(filch_pool *pool, uint64_t nth)
{
    filch_job *first[FILCH_PRIORITIES], *job = NULL;
    unsigned rows = 0;
    for (const fl_row *row; (row = fl_order_row(pool, rows)); rows++)
        first[rows] = row->first;
    for (uint64_t i = 0; i <= nth; i++) {
        unsigned best = 0;
        for (unsigned r = 1; r < rows; r++)
            if (first[r] && (!first[best] || is_younger(first[best], first[r])))
                best = r;
        job = first[best];
        first[best] = job->age.next;
    }
    return job;
}

filch_job *fl_order_nth_oldest(filch_pool *pool, uint64_t nth)
{
    FL_ASSERT(nth < pool->stats.waiting);
    return orders[pool->config.order].rows
               ? nth_of_all(pool, nth)
               : nth_of(&pool->queue.row, nth, pool->stats.waiting - 1 - nth);
}

filch_job *fl_order_newest(filch_pool *pool)
{
    filch_job *best = NULL;
    for (unsigned i = 0; fl_order_row(pool, i); i++) {
        filch_job *last = fl_order_row(pool, i)->last;
        if (last && (!best || is_younger(last, best)))
            best = last;
    }
    return best;
}

bool fl_order_knows_first(const filch_pool *pool)
{
    return pool->queue.row.first && orders[pool->config.order].next == oldest;
}

filch_job *fl_order_take(filch_pool *pool)
{
    filch_job *job = fl_order_first(pool);
    if (!job)
        return NULL;
    fl_job_prefetch(job->age.next, job); /* still in another core's cache */
    fl_order_remove(pool, job);
    return job;
}

void fl_order_move(filch_pool *pool, filch_job *job, unsigned priority)
{
    const bool stays = pool->config.order != FILCH_PRIORITY || job->priority == priority;
    if (!stays)
        leave_level(pool, job);
    job->priority = (uint8_t)priority;
    if (!stays)
        enter_level(pool, job, true);
}

/* ---- Room in the queue ---- */

/* Room in a pool's queue, and the submitters that wait for it. All under the lock. */

/* More jobs run than there are places after a shrink. */
uint64_t fl_pool_free_places(const filch_pool *pool)
{
    const uint64_t places = pool->stats.width + pool->runners.excused;
    const uint64_t taken = pool->stats.running - pool->runners.beyond;
    return taken < places ? places - taken : 0;
}

uint64_t fl_pool_queued(const filch_pool *pool)
{
    const uint64_t free = fl_pool_free_places(pool), waiting = pool->stats.waiting;
    return pool->stats.delayed + (waiting > free ? waiting - free : 0);
}

bool fl_pool_has_room(const filch_pool *pool)
{
    if (fl_pool_meets(pool))
        return pool->stats.waiting < fl_pool_free_places(pool);
    return fl_pool_queued(pool) < pool->config.capacity;
}

void fl_pool_append(filch_pool *pool, filch_job *job)
{
    fl_job_become(job, FL_JOB_WAITING);
    fl_order_add(pool, job);
    pool->stats.waiting++;
    fl_pool_note_waiting(pool);
}

void fl_pool_queue(filch_pool *pool, filch_job *job, fl_after *after)
{
    fl_pool_append(pool, job);
    if (pool->direct.tallies)
        fl_direct_take_in(job, after);
    else
        fl_pool_rouse(pool, after);
}

void fl_pool_take_in(filch_pool *pool, filch_job *job, fl_after *after)
{
    if (fl_job_accept(job, after))
        fl_pool_queue(pool, job, after);
}

/* One of them. false: none can be told. */
static bool admit_first(filch_pool *pool, fl_after *after)
{
    fl_node *node = fl_waiters_claim(&pool->queue.room.waiters);
    if (!node)
        return false;
    fl_submitter *one = node->data;
    fl_submitter_told(pool, one);
    fl_pool_take_in(pool, one->job, after);
    node->next = after->told;
    after->told = node;
    return true;
}

void fl_pool_admit_all(filch_pool *pool, fl_after *after)
{
    while (fl_waiters_any(&pool->queue.room.waiters) && fl_pool_has_room(pool))
        if (!admit_first(pool, after))
            return;
}

/* A quarter of the capacity is free. */
static bool has_plenty(const filch_pool *pool)
{
    const size_t capacity = pool->config.capacity;
    return fl_pool_queued(pool) <= capacity - capacity / 4;
}

void fl_pool_admit(filch_pool *pool, fl_after *after)
{
    const fl_node *first = pool->queue.room.waiters.first;
    if (first && (((const fl_submitter *)first->data)->prompt || has_plenty(pool)))
        fl_pool_admit_all(pool, after);
}

void fl_pool_turn_away(filch_pool *pool, fl_after *after)
{
    after->told = fl_waiters_claim_all(&pool->queue.room.waiters, NULL);
    after->code = -EPIPE;
    for (fl_node *node = after->told; node; node = node->next)
        fl_submitter_told(pool, node->data);
}
