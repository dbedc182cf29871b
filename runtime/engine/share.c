/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The publisher's life, and the list of pools. */
#include <runtime/engine/share.h>

#include <runtime/engine/runtime.h>
#include <runtime/engine/share_control.h>
#include <runtime/engine/share_page.h>
#include <runtime/engine/tax.h>
#include <runtime/engine/threads.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/own_thread.h>
#include <runtime/share/page.h>

#include <errno.h>
#include <pthread.h>
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
