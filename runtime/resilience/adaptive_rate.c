/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An adaptive rate: the decisions of runtime/resilience/rate.h under a lock, and the limiter that
 * obeys them. The limiter is set under that lock, so the later of two decisions stays.
 * Locks: its own before the limiter's. */
#include <filch/adaptive_rate.h>

#include <runtime/platform/answer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/users.h>
#include <runtime/resilience/limiter.h>
#include <runtime/resilience/rate.h>

#include <errno.h>
#include <stdlib.h>

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
