/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/runner.h>

#include <runtime/engine/find_work.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/gate.h>
#include <runtime/pool/intake.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/run_job.h>

#include <errno.h>
#include <stdlib.h>

enum {
    TURN = 64, /* jobs before others of the runtime have their turn, if there is work for them */
    LONG_TURN = 4096, /* and in any case: a worker that is to retire must look up, too */
};

/* Stepping aside (runtime/pool/runner.h). */
enum {
    SHORT_TURN = 25, /* us */
    WAITED = 4,      /* waiting for the lock may take 1/WAITED of a turn */
    STEP = 60000,    /* ns */
    STEPS = 8,
    OTHERS = 128 /* jobs taken since its last check, for a runner to step aside */
};

/* Under the lock, which it releases while users' functions are called. */
static void end_aloud(filch_self self, filch_pool *pool, const fl_ended *ended, fl_after *after)
{
    fl_pool_leave(pool, after);
    *after = (fl_after){0};
    fl_job_end_aloud(self, ended, after);
}

/* Under the lock. NULL: nothing waits, and the intake is closed. Else it may remain open. */
static filch_job *take_first(filch_pool *pool)
{
    if (!fl_order_knows_first(pool))
        fl_intake_collect(pool);
    if (!pool->stats.waiting)
        fl_intake_close(pool);
    return fl_order_take(pool);
}

/* Under the lock. The next job. NULL: this runner has nothing to do, as no job waits or the pool is
 * narrower now. */
static filch_job *take(filch_pool *pool, fl_runner *me, fl_after *after)
{
    const bool sought = me->seeks;
    if (sought)
        fl_intake_close(pool);
    pool->runners.seeking -= sought;
    me->seeks = false;
    bool may = !fl_pool_is_full(pool, 0) && fl_gate_passes(pool, after);
    filch_job *job = may ? take_first(pool) : NULL;
    if (!job) {
        pool->runners.active--;
        me->next = pool->runners.idle;
        pool->runners.idle = me;
        return NULL;
    }
    pool->stats.waiting--;
    pool->runners.taken++;
    fl_job_begin(job);
    fl_gate_pass(pool, job, after);
    if (sought && pool->stats.waiting)
        fl_pool_rouse(pool, after);
    fl_pool_admit(pool, after);
    return job;
}

/* Ends a job, unless ended->job is NULL, and takes the next, under one lock. */
static filch_job *next(filch_self self, fl_runner *me, fl_ended *ended)
{
    filch_pool *pool = me->pool;
    filch_job *quiet = ended->job;
    fl_after after = {0};
    me->waited += fl_lock_timed(&pool->queue.room.lock);
    if (quiet && !fl_job_end(self, ended, &after)) {
        end_aloud(self, pool, ended, &after);
        quiet = NULL;
    }
    filch_job *job = take(pool, me, &after);
    fl_pool_leave(pool, &after);
    if (quiet)
        fl_job_drop(quiet);
    return job;
}

static void begin_turn(fl_runner *me)
{
    me->turn_began = fl_ticks();
    me->waited = 0;
}

/* Under the lock. Other runners take the jobs, and many jobs wait. */
static bool may_step_aside(fl_runner *me)
{
    fl_pool_runners *all = &me->pool->runners;
    const uint64_t taken = all->taken - me->taken;
    me->taken = all->taken;
    return taken >= OTHERS && all->aside + 1 < all->active && me->pool->stats.waiting >= TURN;
}

static void step_aside(fl_runner *me)
{
    filch_pool *pool = me->pool;
    bool aside = false;
    for (unsigned steps = 0; steps <= STEPS; steps++) {
        fl_lock(&pool->queue.room.lock);
        pool->runners.aside -= aside;
        aside = steps < STEPS && may_step_aside(me);
        pool->runners.aside += aside;
        fl_unlock(&pool->queue.room.lock);
        if (!aside)
            return;
        fl_futex_nap(STEP);
    }
}

/* The runner has ended the last job of its turn. */
static void end_turn(filch_self self, fl_runner *me, unsigned done)
{
    const uint64_t took = fl_ticks() - me->turn_began;
    if (done % LONG_TURN == 0 || fl_work_anywhere(me->pool->rt))
        filch_yield(self);
    else if (me->waited > took / WAITED && took < SHORT_TURN * FL_TICKS_PER_US)
        step_aside(me);
    begin_turn(me);
}

static void run(filch_self self, fl_work_item *item)
{
    fl_runner *me = (fl_runner *)item;
    fl_ended ended;
    unsigned done = 0;
    ended.job = NULL;
    begin_turn(me);
    for (filch_job *job; (job = next(self, me, &ended));) {
        if (!fl_job_perform_but_end(self, job, &ended))
            ended.job = NULL;
        if (++done % TURN)
            continue;
        if (ended.job)
            fl_job_finish(self, &ended);
        ended.job = NULL;
        end_turn(self, me, done);
    }
}

static fl_runner *make(filch_pool *pool)
{
    fl_runner *one = malloc(sizeof *one);
    if (one)
        *one = (fl_runner){.item = {.kind = FL_WORK_ITEM_PART, .as.part = run}, .pool = pool};
    return one;
}

int fl_runners_make(filch_pool *pool, unsigned count)
{
    for (bool enough = false; !enough;) {
        fl_runner *one = make(pool);
        if (!one)
            return fl_fail(ENOMEM, "no memory for %u runners; make the pool narrower", count);
        fl_lock(&pool->queue.room.lock);
        enough = pool->runners.made >= count;
        if (!enough) {
            one->next = pool->runners.idle;
            one->made_before = pool->runners.newest;
            pool->runners.idle = pool->runners.newest = one;
            pool->runners.made++;
        }
        fl_unlock(&pool->queue.room.lock);
        if (enough)
            free(one);
    }
    return 0;
}

void fl_pool_rouse(filch_pool *pool, fl_after *after)
{
    if (pool->gate.shut)
        return;
    fl_runner *one = fl_pool_is_full(pool, 1) ? NULL : pool->runners.idle;
    if (!one) {
        fl_elastic_mind(pool);
        return;
    }
    if (pool->runners.seeking)
        return;
    pool->runners.idle = one->next;
    one->seeks = true;
    pool->runners.seeking++;
    fl_elastic_note(&pool->width.elastic, ++pool->runners.active);
    fl_after_start(after, &one->item);
}

void fl_pool_set_width(filch_pool *pool, unsigned width, fl_after *after)
{
    pool->stats.width = width;
    if (pool->stats.waiting)
        fl_pool_rouse(pool, after);
    fl_pool_admit(pool, after);
}

static int resize_direct(filch_pool *pool, unsigned workers)
{
    if (pool->config.runtime)
        return fl_fail(EINVAL,
                       "pool %s has no width, and shares its workers; create it with a width, or "
                       "call filch_runtime_resize",
                       pool->config.name);
    fl_lock(&pool->queue.room.lock);
    int rc = fl_workers_make(pool, workers, pool->width.spares);
    fl_unlock(&pool->queue.room.lock);
    return rc;
}

int filch_pool_resize(filch_pool *pool, unsigned width)
{
    FL_MAY_LIVE(pool);
    if (!pool)
        return fl_fail(EINVAL, "filch_pool_resize without a pool; pass one");
    if (!width || width > FILCH_WIDTH_MAX)
        return fl_fail(EINVAL, "pool %s: width %u is out of range (1..%d)", pool->config.name,
                       width, FILCH_WIDTH_MAX);
    if (pool->direct.tallies)
        return resize_direct(pool, width);
    if (pool->config.adaptive)
        return fl_fail(EINVAL, "pool %s is adaptive and sets its own width", pool->config.name);
    if (pool->width.elastic.most)
        return fl_elastic_resize(pool, width);
    int rc = fl_runners_make(pool, width + pool->config.spares);
    if (rc)
        return rc;
    fl_after after = {0};
    fl_pool_lock(pool);
    fl_pool_set_width(pool, width, &after);
    fl_pool_leave(pool, &after);
    return 0;
}
