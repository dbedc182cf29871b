/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/aimd.h>

#include <runtime/platform/error.h>

#include <errno.h>

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
