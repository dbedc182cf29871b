/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An adaptive limit: the decisions of runtime/resilience/aimd.h, and a line
 * (runtime/sync/wait_queue.h) of callers that wait to be admitted, all under the line's lock. A
 * caller that finds no room joins the line, and one that makes room admits from its front. So
 * whenever the lock is free, the number of running calls has reached the limit, or the line has no
 * waiter to tell. Nobody overtakes. */
#include <filch/adaptive.h>

#include <runtime/platform/answer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/resilience/aimd.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_queue.h>

#include <errno.h>
#include <stdlib.h>

struct filch_adaptive {
    fl_wait_queue wait_queue;
    uint32_t life; /* runtime/platform/given.h */
    fl_aimd aimd;
    unsigned running;
    uint64_t admitted, released;
};

/* ---- Life ---- */

int filch_adaptive_create(filch_adaptive **out, const filch_adaptive_config *config)
{
    FL_GIVEN(out);
    fl_aimd aimd;
    int rc = fl_aimd_init(&aimd, config ? *config : (filch_adaptive_config){0}, fl_now());
    if (rc)
        return rc;
    filch_adaptive *adaptive = calloc(1, sizeof *adaptive);
    if (!adaptive)
        return fl_fail(ENOMEM, "no memory for an adaptive limit; free some");
    adaptive->aimd = aimd;
    fl_life_begin(&adaptive->life);
    *out = adaptive;
    return 0;
}

void filch_adaptive_destroy(filch_adaptive *adaptive)
{
    FL_MAY_LIVE(adaptive);
    if (!adaptive)
        return;
    fl_wait_queue_close(&adaptive->wait_queue);
    fl_wait_queue_await("filch_adaptive_destroy", &adaptive->wait_queue);
    fl_life_end(&adaptive->life);
    free(adaptive);
}

/* ---- Admitting; under the lock ---- */

static void admit_one(filch_adaptive *adaptive)
{
    adaptive->running++;
    adaptive->admitted++;
    if (adaptive->running >= adaptive->aimd.limit)
        adaptive->aimd.reached = true;
}

/* Takes as many out of the line as the limit allows, to be told when the lock is free. */
static fl_node *admit_next(filch_adaptive *adaptive)
{
    fl_node *first = NULL, **last = &first;
    while (adaptive->running < adaptive->aimd.limit) {
        fl_node *node = fl_waiters_claim(&adaptive->wait_queue.waiters);
        if (!node)
            break;
        admit_one(adaptive);
        *last = node;
        last = &node->next;
    }
    *last = NULL;
    return first;
}

/* ---- Operations ---- */

int filch_adaptive_acquire(filch_adaptive *adaptive, filch_context *context, int64_t until)
{
    FL_ALIVE(adaptive);
    if (until < 0)
        return fl_fail(EINVAL,
                       "filch_adaptive_acquire until %lld ns; give a time from filch_in(), "
                       "FILCH_FOREVER, or 0",
                       (long long)until);
    int rc = fl_refused_by(filch_context_cause(context));
    if (rc)
        return rc;
    fl_wait_queue_lock(&adaptive->wait_queue);
    if (adaptive->running < adaptive->aimd.limit) { /* then nobody waits */
        admit_one(adaptive);
    } else {
        fl_waits_in("filch_adaptive_acquire", adaptive);
        rc = fl_wait_queue_wait(&adaptive->wait_queue, NULL, until, context);
    }
    fl_wait_queue_unlock(&adaptive->wait_queue);
    return rc;
}

int filch_adaptive_try_acquire(filch_adaptive *adaptive)
{
    FL_ALIVE(adaptive);
    return fl_tried(filch_adaptive_acquire(adaptive, NULL, 0));
}

int filch_adaptive_give_back(filch_adaptive *adaptive, filch_adaptive_outcome outcome,
                             int64_t latency)
{
    FL_ALIVE(adaptive);
    int64_t now = fl_now();
    bool sensible = (unsigned)outcome <= FILCH_ADAPTIVE_IGNORE && latency >= 0;
    fl_wait_queue_lock(&adaptive->wait_queue);
    if (!adaptive->running)
        filch_die(
            "filch_adaptive_give_back: nothing is acquired; release once for each acquisition");
    adaptive->running--;
    adaptive->released++;
    if (sensible)
        fl_aimd_call_over(&adaptive->aimd, outcome, latency, now);
    fl_node *next = admit_next(adaptive);
    fl_wait_queue_unlock(&adaptive->wait_queue);
    fl_tell_list(next, 0);
    return sensible ? 0
                    : fl_fail(EINVAL,
                              "outcome %d after %lld ns; give a filch_adaptive_outcome and "
                              "0 ns or more",
                              (int)outcome, (long long)latency);
}

int filch_adaptive_set(filch_adaptive *adaptive, unsigned min, unsigned max)
{
    FL_ALIVE(adaptive);
    fl_wait_queue_lock(&adaptive->wait_queue);
    int rc = fl_aimd_set(&adaptive->aimd, min, max);
    fl_node *next = admit_next(adaptive);
    fl_wait_queue_unlock(&adaptive->wait_queue);
    fl_tell_list(next, 0);
    return rc;
}

/* ---- Queries ---- */

unsigned filch_adaptive_limit(filch_adaptive *adaptive)
{
    FL_MUST_LIVE(adaptive);
    fl_wait_queue_lock(&adaptive->wait_queue);
    unsigned limit = adaptive->aimd.limit;
    fl_wait_queue_unlock(&adaptive->wait_queue);
    return limit;
}

void filch_adaptive_stats_read(filch_adaptive *adaptive, filch_adaptive_stats *out, size_t size)
{
    FL_MUST_LIVE(adaptive);
    FL_MUST_GIVE(out);
    fl_wait_queue_lock(&adaptive->wait_queue);
    const fl_aimd *aimd = &adaptive->aimd;
    const filch_adaptive_stats all = {.limit = aimd->limit,
                                      .running = adaptive->running,
                                      .waiting = adaptive->wait_queue.inside,
                                      .busy = fl_aimd_busy(aimd, adaptive->running),
                                      .best = fl_aimd_best(aimd),
                                      .average = aimd->average,
                                      .admitted = adaptive->admitted,
                                      .released = adaptive->released,
                                      .overloads = aimd->overloads,
                                      .raised = aimd->raised,
                                      .lowered = aimd->lowered};
    fl_wait_queue_unlock(&adaptive->wait_queue);
    fl_answer(out, size, &all, sizeof all);
}
