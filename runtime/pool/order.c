/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/order.h>

#include <runtime/core/clock.h>
#include <runtime/core/container.h>

/* ---- Lines ---- */

/* Which of a job's two places is meant. */
static fl_place_in_row *place(filch_job *job, bool by_age)
{
    return by_age ? &job->age : &job->by.level;
}

/* Behind `before`; NULL: as the first. */
static void enter(fl_row *row, filch_job *before, filch_job *job, bool by_age)
{
    filch_job **next = before ? &place(before, by_age)->next : &row->first;
    *place(job, by_age) = (fl_place_in_row){.next = *next, .previous = before};
    if (*next)
        place(*next, by_age)->previous = job;
    else
        row->last = job;
    *next = job;
}

/* By age: it may come from another level. */
static void enter_level(fl_row *row, filch_job *job)
{
    filch_job *before = row->last;
    while (before && before->since > job->since)
        before = place(before, false)->previous;
    enter(row, before, job, false);
}

static void leave(fl_row *row, filch_job *job, bool by_age)
{
    fl_place_in_row *at = place(job, by_age);
    if (at->previous)
        place(at->previous, by_age)->next = at->next;
    else
        row->first = at->next;
    if (at->next)
        place(at->next, by_age)->previous = at->previous;
    else
        row->last = at->previous;
}

void fl_row_enter(fl_row *row, filch_job *job)
{
    enter(row, row->last, job, true);
}

void fl_row_leave(fl_row *row, filch_job *job)
{
    leave(row, job, true);
}

/* ---- Orders ---- */

static filch_job *oldest(const filch_pool *pool)
{
    return pool->by_age.first;
}

static filch_job *newest(const filch_pool *pool)
{
    return pool->by_age.last;
}

/* The first of each row is its oldest, so that only these are compared. */
static filch_job *most_urgent(const filch_pool *pool)
{
    filch_job *best = NULL;
    int64_t best_level = -1, now = fl_now();
    for (unsigned i = FILCH_PRIORITIES; i-- > 0;) {
        filch_job *job = pool->level[i].first;
        if (!job)
            continue;
        int64_t level = (int64_t)i + (now - job->since) / pool->config.aging;
        if (level > best_level || (level == best_level && job->since < best->since)) {
            best = job;
            best_level = level;
        }
    }
    return best;
}

static filch_job *job_of(fl_timed *timed)
{
    return FL_CONTAINER_OF(timed, filch_job, by.deadline);
}

static filch_job *earliest(const filch_pool *pool)
{
    const fl_timer_heap *heap = &pool->by_deadline;
    return heap->count ? job_of(heap->entries[0].timed) : pool->level[0].first;
}

/* Next: whom to take. In rows: do jobs stand by priority, or by deadline? */
static const struct order {
    filch_job *(*next)(const filch_pool *pool);
    bool levels, deadlines;
} orders[FILCH_ORDERS] = {
    [FILCH_ANY] = {oldest, false, false},      [FILCH_FIFO] = {oldest, false, false},
    [FILCH_LIFO] = {newest, false, false},     [FILCH_PRIORITY] = {most_urgent, true, false},
    [FILCH_EARLIEST] = {earliest, true, true},
};

static fl_row *level_of(filch_pool *pool, const filch_job *job)
{
    return &pool->level[pool->config.order == FILCH_PRIORITY ? job->priority : 0];
}

static bool stand_by_deadline(filch_pool *pool, filch_job *job)
{
    int64_t deadline = filch_context_deadline(filch_job_context(job));
    job->by.deadline = (fl_timed){0};
    return deadline != FILCH_FOREVER &&
           !fl_timer_heap_add(&pool->by_deadline, &job->by.deadline, deadline);
}

void fl_order_add(filch_pool *pool, filch_job *job)
{
    const struct order *order = &orders[pool->config.order];
    fl_row_enter(&pool->by_age, job);
    job->dated = order->deadlines && stand_by_deadline(pool, job);
    if (order->levels && !job->dated)
        enter_level(level_of(pool, job), job);
}

void fl_order_remove(filch_pool *pool, filch_job *job)
{
    leave(&pool->by_age, job, true);
    if (job->dated)
        fl_timer_heap_remove(&pool->by_deadline, &job->by.deadline);
    else if (orders[pool->config.order].levels)
        leave(level_of(pool, job), job, false);
}

filch_job *fl_order_first(const filch_pool *pool)
{
    return orders[pool->config.order].next(pool);
}

filch_job *fl_order_take(filch_pool *pool)
{
    filch_job *job = fl_order_first(pool);
    if (job)
        fl_order_remove(pool, job);
    return job;
}

void fl_order_move(filch_pool *pool, filch_job *job, unsigned priority)
{
    if (pool->config.order != FILCH_PRIORITY) {
        job->priority = (uint8_t)priority;
        return;
    }
    leave(level_of(pool, job), job, false);
    job->priority = (uint8_t)priority;
    enter_level(level_of(pool, job), job);
}
