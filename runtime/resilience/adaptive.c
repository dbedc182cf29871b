/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/adaptive.h>

#include <filch/adaptive.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_queue.h>

#include <errno.h>
#include <stdlib.h>

enum { MOST = 1000000, USUAL_MOST = 1000, USUAL_START = 20 };
enum { USUAL_TOLERANCE = 200, MOST_TOLERANCE = 10000, USUAL_DECREASE = 90 };
static const int64_t longest = 3600 * FILCH_SECOND; /* MOST of them can be added up */

/* ---- Configuration ---- */

static unsigned between(unsigned min, unsigned x, unsigned max)
{
    return x < min ? min : x > max ? max : x;
}

static int complete_bounds(filch_adaptive_config *config)
{
    if (!config->min)
        config->min = 1;
    if (!config->max)
        config->max = config->min > USUAL_MOST ? config->min : USUAL_MOST;
    if (config->min > config->max || config->max > MOST)
        return fl_fail(EINVAL, "a limit from %u to %u; give it 1 <= min <= max <= %d", config->min,
                       config->max, MOST);
    return 0;
}

static int complete(filch_adaptive_config *config)
{
    int rc = complete_bounds(config);
    if (rc)
        return rc;
    if (!config->start)
        config->start = between(config->min, USUAL_START, config->max);
    if (config->start < config->min || config->start > config->max)
        return fl_fail(EINVAL, "a limit that starts at %u; start it between %u and %u",
                       config->start, config->min, config->max);
    if (!config->tolerance)
        config->tolerance = USUAL_TOLERANCE;
    if (!config->decrease)
        config->decrease = USUAL_DECREASE;
    if (config->tolerance <= 100 || config->tolerance > MOST_TOLERANCE || config->decrease >= 100)
        return fl_fail(EINVAL,
                       "a tolerance of %u %% and a decrease to %u %%; give 101 to %d and 1 to 99",
                       config->tolerance, config->decrease, MOST_TOLERANCE);
    if (config->memory < 0)
        return fl_fail(EINVAL, "a memory of %lld ns; give it one above 0, or 0",
                       (long long)config->memory);
    if (!config->memory)
        config->memory = 60 * FILCH_SECOND;
    return 0;
}

int fl_aimd_init(fl_aimd *aimd, filch_adaptive_config config, int64_t now)
{
    int rc = complete(&config);
    if (rc)
        return rc;
    *aimd = (fl_aimd){.config = config,
                      .limit = config.start,
                      .best = FILCH_FOREVER,
                      .best_before = FILCH_FOREVER,
                      .span_ends = now,
                      .fell = INT64_MIN / 2};
    return 0;
}

int fl_aimd_set(fl_aimd *aimd, unsigned min, unsigned max)
{
    filch_adaptive_config config = {.min = min, .max = max};
    int rc = complete_bounds(&config);
    if (rc)
        return rc;
    aimd->config.min = config.min;
    aimd->config.max = config.max;
    aimd->limit = between(config.min, aimd->limit, config.max);
    return 0;
}

/* ---- Moving ---- */

static void begin_round(fl_aimd *aimd)
{
    aimd->calls = 0;
    aimd->sum = 0;
    aimd->reached = false;
}

static void fall_to(fl_aimd *aimd, uint64_t limit, int64_t now)
{
    unsigned least = aimd->config.min;
    unsigned left = limit > least ? (unsigned)limit : least;
    if (left < aimd->limit) {
        aimd->limit = left;
        aimd->lowered++;
    }
    aimd->fell = now;
    begin_round(aimd);
}

static void fall(fl_aimd *aimd, int64_t now)
{
    fall_to(aimd, (uint64_t)aimd->limit * aimd->config.decrease / 100, now);
}

static void raise_by_one(fl_aimd *aimd)
{
    if (aimd->limit < aimd->config.max) {
        aimd->limit++;
        aimd->raised++;
    }
    begin_round(aimd);
}

static void end_round(fl_aimd *aimd, int64_t now)
{
    aimd->average = aimd->sum / aimd->calls;
    if (aimd->average > fl_aimd_best(aimd) * aimd->config.tolerance / 100)
        fall(aimd, now);
    else if (aimd->reached)
        raise_by_one(aimd);
    else
        begin_round(aimd);
}

/* ---- The best latency ---- */

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t fl_aimd_best(const fl_aimd *aimd)
{
    int64_t best = lesser(aimd->best, aimd->best_before);
    return best == FILCH_FOREVER ? 0 : best;
}

/* With a call, so that the span before is never empty. */
static void begin_span(fl_aimd *aimd, int64_t now)
{
    int64_t best = fl_aimd_best(aimd), memory = aimd->config.memory;
    if (aimd->average > best)
        fall_to(aimd, (uint64_t)fl_aimd_busy(aimd, aimd->limit) * aimd->config.decrease / 100, now);
    aimd->best_before = aimd->best;
    aimd->best = FILCH_FOREVER;
    aimd->span_ends = now > FILCH_FOREVER - memory ? FILCH_FOREVER : now + memory;
}

/* Rounded up. */
unsigned fl_aimd_busy(const fl_aimd *aimd, unsigned running)
{
    uint64_t best = (uint64_t)fl_aimd_best(aimd), average = (uint64_t)aimd->average;
    return best >= average ? running : (unsigned)((running * best + average - 1) / average);
}

void fl_aimd_call_over(fl_aimd *aimd, filch_adaptive_outcome outcome, int64_t latency, int64_t now)
{
    if (outcome == FILCH_ADAPTIVE_IGNORE)
        return;
    latency = lesser(latency, longest);
    if (outcome == FILCH_ADAPTIVE_OVERLOAD) {
        aimd->overloads++;
        if (now - latency >= aimd->fell && now - aimd->average >= aimd->fell)
            fall(aimd, now);
        return;
    }
    if (now >= aimd->span_ends)
        begin_span(aimd, now);
    aimd->best = lesser(aimd->best, latency);
    if (now - latency < aimd->fell)
        return;
    aimd->sum += latency;
    if (++aimd->calls >= aimd->limit)
        end_round(aimd, now);
}

/* ---- Adaptive ---- */

/* An adaptive limit: the decisions of runtime/resilience/adaptive.h, and a line
 * (runtime/sync/wait_queue.h) of callers that wait to be admitted, all under the line's lock. A
 * caller that finds no room joins the line, and one that makes room admits from its front. So
 * whenever the lock is free, the number of running calls has reached the limit, or the line has no
 * waiter to tell. Nobody overtakes. */

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
    return fl_tried(
        filch_adaptive_acquire(adaptive, NULL, 0),
        "the adaptive limit is reached; wait with filch_adaptive_acquire, or try again later");
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
            "filch_adaptive_give_back: nothing is acquired; give back once for each acquisition");
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
