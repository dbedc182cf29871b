/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/adaptive_rate.h>

#include <filch/adaptive.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/config_ranges.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/users.h>
#include <runtime/resilience/limiter.h>

#include <errno.h>
#include <stdlib.h>

enum { MOST = 1000000000, STEPS = 20, PERCENT = 70, US = 1000 };

#define FIELD(name, standard, most)                                                                \
    FL_NUMBER_FIELD(filch_adaptive_rate_config, name, standard, 1, most)
static const fl_field fields[] = {
    FIELD(min, 1, MOST),
    FIELD(max, MOST, MOST),
    FIELD(increase, 0, MOST),
    FIELD(decrease, PERCENT, 99),
    FIELD(latency, 0, FILCH_FOREVER),
    FIELD(interval, FILCH_SECOND, FILCH_FOREVER),
};

static uint32_t between(uint32_t min, uint64_t x, uint32_t max)
{
    return x < min ? min : x > max ? max : (uint32_t)x;
}

int fl_rate_init(fl_rate *rate, filch_adaptive_rate_config config, filch_limit limit, int64_t now)
{
    int rc =
        fl_fields_complete(&config, fields, sizeof fields / sizeof *fields, "an adaptive rate");
    if (rc)
        return rc;
    if (config.min > config.max)
        return fl_fail(EINVAL, "an adaptive rate with min = %u, above max = %u; give it less",
                       config.min, config.max);
    if (!config.increase)
        config.increase = limit.rate < STEPS ? 1 : limit.rate / STEPS;
    *rate = (fl_rate){.config = config,
                      .period = limit.period ? limit.period : FILCH_SECOND,
                      .begun = now,
                      .fell = INT64_MIN / 2,
                      .stats.rate = between(config.min, limit.rate, config.max)};
    return 0;
}

static void begin_interval(fl_rate *rate, int64_t now)
{
    rate->begun = now;
    rate->calls = 0;
    rate->sum = 0;
}

static void fall(fl_rate *rate, int64_t now)
{
    filch_adaptive_rate_stats *stats = &rate->stats;
    uint32_t before = stats->rate;
    stats->rate = between(rate->config.min, (uint64_t)before * rate->config.decrease / 100, before);
    stats->lowered += stats->rate < before;
    rate->fell = now;
    begin_interval(rate, now);
}

/* Half of the permits since the interval began. */
static bool was_used(const fl_rate *rate, int64_t now)
{
    double permitted =
        (double)rate->stats.rate * (double)(now - rate->begun) / (double)rate->period;
    return (double)rate->calls * 2 >= permitted;
}

static void end_interval(fl_rate *rate, int64_t now)
{
    filch_adaptive_rate_stats *stats = &rate->stats;
    stats->latency = rate->sum / (int64_t)rate->calls * US;
    if (rate->config.latency && stats->latency > rate->config.latency) {
        fall(rate, now);
        return;
    }
    if (was_used(rate, now) && stats->rate < rate->config.max) {
        stats->rate = between(rate->config.min, (uint64_t)stats->rate + rate->config.increase,
                              rate->config.max);
        stats->raised++;
    }
    begin_interval(rate, now);
}

bool fl_rate_report(fl_rate *rate, filch_adaptive_outcome outcome, int64_t latency, int64_t now)
{
    static const int64_t longest = 3600 * FILCH_SECOND; /* so that many can be added up */
    uint32_t before = rate->stats.rate;
    rate->stats.reports++;
    if (outcome == FILCH_ADAPTIVE_IGNORE)
        return false;
    if (outcome == FILCH_ADAPTIVE_OVERLOAD) {
        rate->stats.overloads++;
        if (now - latency >= rate->fell)
            fall(rate, now);
        return rate->stats.rate != before;
    }
    rate->calls++;
    rate->sum += (latency < longest ? latency : longest) / US;
    if (now - rate->begun >= rate->config.interval)
        end_interval(rate, now);
    return rate->stats.rate != before;
}

/* ---- Public calls ---- */

/* An adaptive rate: the decisions of runtime/resilience/adaptive_rate.h under a lock, and the limiter that
 * obeys them. The limiter is set under that lock, so the later of two decisions stays.
 * Locks: its own before the limiter's. */

struct filch_adaptive_rate {
    filch_u32 lock;
    uint32_t life; /* runtime/platform/given.h */
    filch_limiter *limiter;
    fl_user use; /* of the limiter */
    fl_rate rule;
};

static int obey(filch_limiter *limiter, uint32_t rate)
{
    filch_limit limit = filch_limiter_get(limiter);
    limit.rate = rate;
    return filch_limiter_set(limiter, limit);
}

int filch_adaptive_rate_create(filch_adaptive_rate **out, filch_limiter *limiter,
                               const filch_adaptive_rate_config *config)
{
    FL_GIVEN(out);
    FL_ALIVE(limiter);
    fl_rate rule;
    int rc = fl_rate_init(&rule, config ? *config : (filch_adaptive_rate_config){0},
                          filch_limiter_get(limiter), fl_now());
    if (!rc)
        rc = obey(limiter, rule.stats.rate);
    if (rc)
        return rc;
    filch_adaptive_rate *rate = calloc(1, sizeof *rate);
    if (!rate)
        return fl_fail(ENOMEM, "no memory for an adaptive rate; free some");
    rate->limiter = limiter;
    rate->rule = rule;
    fl_users_enter(&limiter->users, &rate->use, "an adaptive", "rate");
    fl_life_begin(&rate->life);
    *out = rate;
    return 0;
}

void filch_adaptive_rate_destroy(filch_adaptive_rate *rate)
{
    FL_MAY_LIVE(rate);
    if (!rate)
        return;
    fl_users_leave(&rate->limiter->users, &rate->use);
    fl_life_end(&rate->life);
    free(rate);
}

int filch_adaptive_rate_report(filch_adaptive_rate *rate, filch_adaptive_outcome outcome,
                               int64_t latency)
{
    FL_ALIVE(rate);
    if ((unsigned)outcome > FILCH_ADAPTIVE_IGNORE || latency < 0)
        return fl_fail(EINVAL,
                       "a call reported with outcome %d and a latency of %lld ns; see "
                       "filch_adaptive_outcome, and give a latency of 0 or more",
                       (int)outcome, (long long)latency);
    fl_lock(&rate->lock);
    if (fl_rate_report(&rate->rule, outcome, latency, fl_now()))
        obey(rate->limiter, rate->rule.stats.rate);
    fl_unlock(&rate->lock);
    return 0;
}

void filch_adaptive_rate_stats_read(filch_adaptive_rate *rate, filch_adaptive_rate_stats *out,
                                    size_t size)
{
    FL_MUST_LIVE(rate);
    FL_MUST_GIVE(out);
    fl_lock(&rate->lock);
    fl_answer(out, size, &rate->rule.stats, sizeof rate->rule.stats);
    fl_unlock(&rate->lock);
}
